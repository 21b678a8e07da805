package scenes_test

import (
	"testing"

	"go.uber.org/goleak"

	"latchkey/scenes/scenetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScenarios(t *testing.T) { scenetest.Run(t, "testdata") }

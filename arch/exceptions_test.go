package arch_test

// exceptions are the places where a rule would make the code worse, each with
// its reason. One that is no longer needed fails the test.
func exceptions() map[string]string {
	return map[string]string{
		"variable home Roles": "an array in the order of width; Go has no constant arrays",
		"variable home Verbs": "an array of all verbs; Go has no constant arrays",

		"package hub":                            "one file a word; committer, registry and rights share what nobody else may touch (docs/adr/0007)",
		"rand hub":                               "the jitter of retries, which is no secret",
		"rand drivers/demo":                      "an invented house, the same for the same seed",
		"variable stores/sql/history Failpoints": "an array of names for tests; Go has no constant arrays",
		"variable stores/sql/history noChunk":    "a zero of its own; Go has no constant structs",
	}
}

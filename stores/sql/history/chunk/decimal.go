package chunk

import "math"

// maxScale is the most digits behind the decimal point.
const maxScale = 15

// exact bounds the whole numbers: up to here a product is off by less than a
// half, so that rounding it finds the whole number again.
const exact = 1 << 51

// tens returns 10 to the power of s, at most maxScale.
func tens(s int) float64 {
	return [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}[s&15]
}

// roundUp added to a number below exact leaves its whole part in the lowest bits.
const roundUp = 3 << 51

// whole returns k with k/ten being v, bit for bit.
func whole(v, ten float64) (uint64, bool) {
	f := v * ten
	k := int64(math.Float64bits(f+roundUp) - math.Float64bits(roundUp))
	ok := f > -exact && f < exact && math.Float64bits(float64(k)/ten) == math.Float64bits(v)
	return uint64(k), ok
}

// scaleUp returns the fewest decimal digits with which all of v can be written
// exactly, and fills k with them as whole numbers. It returns false when there
// is no such number, as with -0, thirds and infinity.
func scaleUp(k []uint64, v []float64) (int, bool) {
	scale := 0
	ten := tens(0)
	k = k[:len(v)]
	for i := 0; i < len(v); {
		n, ok := whole(v[i], ten)
		if ok {
			k[i] = n
			i++
			continue
		}
		if scale++; scale > maxScale {
			return 0, false
		}
		ten = tens(scale)
		for j := range k[:i] {
			n := int64(k[j]) * 10
			if n >= exact || n <= -exact {
				return 0, false
			}
			k[j] = uint64(n)
		}
	}
	return scale, true
}

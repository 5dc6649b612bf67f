// k0 (8,) (1,): cumsum
// kernel 0: cumsum (40, 100) float32: an output of the program
__kernel void k0(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
  const int _end = _g * 5 + 5;
  for (int row = _g * 5; row < _end; ++row) {
    float _a0s = 0.0f;
    for (int k0 = 0; k0 < 96; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      const float16 _q = pf_cumsum_float16(_v0);
      const float16 _o = (float16)(_a0s);
      const float16 _p = _o + _q;
      ST(float16, p1 + (k0 + 100*row), _p);
      _a0s = _p.sf;
    }
    for (int k0 = 96; k0 < 100; ++k0) {
      const float _v0 = p0[k0 + 100*row];
      _a0s = _a0s + _v0;
      p1[k0 + 100*row] = _a0s;
    }
  }
}

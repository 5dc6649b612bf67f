// k0 (9,) (1,): max+exp+sum+div
// kernel 0: div (50, 100) float32: an output of the program
__kernel void k0(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
  const int _end = min(_g * 6 + 6, (int)50);
  for (int row = _g * 6; row < _end; ++row) {
    float16 _a0 = (float16)((-INFINITY));
    float _a0s = (-INFINITY);
    for (int k0 = 0; k0 < 96; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      _a0 = ((_v0 > _a0) | (_v0 != _v0)) ? _v0 : _a0;
    }
     {
      const int k0 = 84;
      float16 _a0e = (float16)((-INFINITY));
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      _a0e = ((_v0 > _a0e) | (_v0 != _v0)) ? _v0 : _a0e;
      _a0 = (int16)(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1) ? (((_a0e > _a0) | (_a0e != _a0e)) ? _a0e : _a0) : _a0;
    }
    const float8 _a0_8 = ((_a0.hi > _a0.lo) | (_a0.hi != _a0.hi)) ? _a0.hi : _a0.lo;
    const float4 _a0_4 = ((_a0_8.hi > _a0_8.lo) | (_a0_8.hi != _a0_8.hi)) ? _a0_8.hi : _a0_8.lo;
    const float2 _a0_2 = ((_a0_4.hi > _a0_4.lo) | (_a0_4.hi != _a0_4.hi)) ? _a0_4.hi : _a0_4.lo;
    const float _a0_1 = ((_a0_2.s1 > _a0_2.s0) | (_a0_2.s1 != _a0_2.s1)) ? _a0_2.s1 : _a0_2.s0;
    _a0s = ((_a0_1 > _a0s) | (_a0_1 != _a0_1)) ? _a0_1 : _a0s;
    float16 _a1 = (float16)(0.0f);
    float _a1s = 0.0f;
    for (int k0 = 0; k0 < 96; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      const float16 _v6 = (_v0 - _a0s);
      const float16 _v1 = pf_exp_float16(_v6);
      _a1 = _a1 + _v1;
    }
     {
      const int k0 = 84;
      float16 _a1e = (float16)(0.0f);
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      const float16 _v6 = (_v0 - _a0s);
      const float16 _v1 = pf_exp_float16(_v6);
      _a1e = _a1e + _v1;
      _a1 = (int16)(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1) ? (_a1 + _a1e) : _a1;
    }
    const float8 _a1_8 = _a1.lo + _a1.hi;
    const float4 _a1_4 = _a1_8.lo + _a1_8.hi;
    const float2 _a1_2 = _a1_4.lo + _a1_4.hi;
    const float _a1_1 = _a1_2.s0 + _a1_2.s1;
    _a1s = _a1s + _a1_1;
    for (int k0 = 0; k0 < 96; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      const float16 _v6 = (_v0 - _a0s);
      const float16 _v1 = pf_exp_float16(_v6);
      const float16 _v2 = (_v1 / _a1s);
      ST(float16, p1 + (k0 + 100*row), _v2);
    }
     {
      const int k0 = 84;
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      const float16 _v6 = (_v0 - _a0s);
      const float16 _v1 = pf_exp_float16(_v6);
      const float16 _v2 = (_v1 / _a1s);
      ST(float16, p1 + (k0 + 100*row), _v2);
    }
  }
}

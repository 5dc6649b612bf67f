// k0 (8,) (1,): max+min+cast
// kernel 0: cast (40,) int64: an output of the program
__kernel void k0(__global const float* p0, __global long* p1) {
  const int _g = get_global_id(0);
  const int _end = _g * 5 + 5;
  for (int row = _g * 5; row < _end; ++row) {
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
    int16 _a1 = (int16)(2147483647);
    int _a1s = 2147483647;
    for (int k0 = 0; k0 < 96; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      const int16 _v7 = (_v0 == ((float16)(_a0s)));
      const int16 _v8 = (_v0 != _v0);
      const int16 _v4 = (_v7 | _v8);
      const int16 _v5 = ((k0 + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
      const int16 _v1 = (_v4 ? _v5 : ((int16)(99)));
      _a1 = (_v1 < _a1) ? _v1 : _a1;
    }
     {
      const int k0 = 84;
      int16 _a1e = (int16)(2147483647);
      const float16 _v0 = LD(float16, p0 + (k0 + 100*row));
      const int16 _v7 = (_v0 == ((float16)(_a0s)));
      const int16 _v8 = (_v0 != _v0);
      const int16 _v4 = (_v7 | _v8);
      const int16 _v5 = ((k0 + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
      const int16 _v1 = (_v4 ? _v5 : ((int16)(99)));
      _a1e = (_v1 < _a1e) ? _v1 : _a1e;
      _a1 = (int16)(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1) ? ((_a1e < _a1) ? _a1e : _a1) : _a1;
    }
    const int8 _a1_8 = (_a1.hi < _a1.lo) ? _a1.hi : _a1.lo;
    const int4 _a1_4 = (_a1_8.hi < _a1_8.lo) ? _a1_8.hi : _a1_8.lo;
    const int2 _a1_2 = (_a1_4.hi < _a1_4.lo) ? _a1_4.hi : _a1_4.lo;
    const int _a1_1 = (_a1_2.s1 < _a1_2.s0) ? _a1_2.s1 : _a1_2.s0;
    _a1s = (_a1_1 < _a1s) ? _a1_1 : _a1s;
    const long _v2 = ((long)(_a1s));
    p1[row] = _v2;
  }
}

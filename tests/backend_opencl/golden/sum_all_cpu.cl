// k0 (12,) (1,): sum
// k1 (1,) (1,): sum
// kernel 0: sum (12,) float32: the result of a reduction
// kernel 1: sum () float32: an output of the program
__kernel void k0(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
  const int row = _g;
   {
    float16 _a0 = (float16)(0.0f);
    float _a0s = 0.0f;
    for (int k0 = 0; k0 < min((int)42, (int)(500 - 42*(row))); ++k0) {
      for (int k1 = 0; k1 < 192; k1 += 16) {
        const float16 _v0 = LD(float16, p0 + (200*k0 + k1 + 8400*row));
        _a0 = _a0 + _v0;
      }
       {
        const int k1 = 184;
        float16 _a0e = (float16)(0.0f);
        const float16 _v0 = LD(float16, p0 + (200*k0 + k1 + 8400*row));
        _a0e = _a0e + _v0;
        _a0 = (int16)(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1) ? (_a0 + _a0e) : _a0;
      }
    }
    const float8 _a0_8 = _a0.lo + _a0.hi;
    const float4 _a0_4 = _a0_8.lo + _a0_8.hi;
    const float2 _a0_2 = _a0_4.lo + _a0_4.hi;
    const float _a0_1 = _a0_2.s0 + _a0_2.s1;
    _a0s = _a0s + _a0_1;
    p1[row] = _a0s;
  }
}
__kernel void k1(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
   {
    float8 _a0 = (float8)(0.0f);
    float _a0s = 0.0f;
    for (int k0 = 0; k0 < 8; k0 += 8) {
      const float8 _v0 = LD(float8, p0 + (k0));
      _a0 = _a0 + _v0;
    }
     {
      const int k0 = 4;
      float8 _a0e = (float8)(0.0f);
      const float8 _v0 = LD(float8, p0 + (k0));
      _a0e = _a0e + _v0;
      _a0 = (int8)(0, 0, 0, 0, -1, -1, -1, -1) ? (_a0 + _a0e) : _a0;
    }
    const float4 _a0_4 = _a0.lo + _a0.hi;
    const float2 _a0_2 = _a0_4.lo + _a0_4.hi;
    const float _a0_1 = _a0_2.s0 + _a0_2.s1;
    _a0s = _a0s + _a0_1;
    p1[0] = _a0s;
  }
}

// k0 (7,) (1,): sum+add
// kernel 0: add (50, 64) float32: an output of the program
__kernel void k0(__global const float* p0, float p1, float p2, __global const float* p3, __global const float* p4, __global float* p5) {
  const int _g = get_global_id(0);
  const int _end = min(_g * 8 + 8, (int)50);
  for (int row = _g * 8; row < _end; ++row) {
    float16 _a0 = (float16)(0.0f);
    float _a0s = 0.0f;
    for (int k0 = 0; k0 < 64; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 64*row));
      _a0 = _a0 + _v0;
    }
    const float8 _a0_8 = _a0.lo + _a0.hi;
    const float4 _a0_4 = _a0_8.lo + _a0_8.hi;
    const float2 _a0_2 = _a0_4.lo + _a0_4.hi;
    const float _a0_1 = _a0_2.s0 + _a0_2.s1;
    _a0s = _a0s + _a0_1;
    float16 _a1 = (float16)(0.0f);
    float _a1s = 0.0f;
    const float _v20 = (_a0s * p1);
    for (int k0 = 0; k0 < 64; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 64*row));
      const float16 _v9 = (_v0 - _v20);
      const float16 _v1 = (_v9 * _v9);
      _a1 = _a1 + _v1;
    }
    const float8 _a1_8 = _a1.lo + _a1.hi;
    const float4 _a1_4 = _a1_8.lo + _a1_8.hi;
    const float2 _a1_2 = _a1_4.lo + _a1_4.hi;
    const float _a1_1 = _a1_2.s0 + _a1_2.s1;
    _a1s = _a1s + _a1_1;
    const float _v14 = (_a1s * p1);
    const float _v13 = (_v14 + p2);
    const float _v12 = sqrt(_v13);
    for (int k0 = 0; k0 < 64; k0 += 16) {
      const float16 _v0 = LD(float16, p0 + (k0 + 64*row));
      const float16 _v9 = (_v0 - _v20);
      const float16 _v6 = (_v9 / _v12);
      const float16 _v8 = LD(float16, p3 + (k0));
      const float16 _v3 = (_v6 * _v8);
      const float16 _v5 = LD(float16, p4 + (k0));
      const float16 _v2 = (_v3 + _v5);
      ST(float16, p5 + (k0 + 64*row), _v2);
    }
  }
}

// k0 (12,) (1,): sum
// k1 (1,) (1,): sum
// kernel 0: sum (12, 200) float32: the result of a reduction
// kernel 1: sum (200,) float32: an output of the program
__kernel void k0(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
  const int row = _g;
   {
    float16 _a0[13];
    for (int _i = 0; _i < 13; ++_i) _a0[_i] = (float16)(0.0f);
    float _a0s[8];
    for (int _i = 0; _i < 8; ++_i) _a0s[_i] = 0.0f;
    for (int k0 = 0; k0 < min((int)42, (int)(500 - 42*(row))); ++k0) {
      for (int x = 0; x < (200 - 200 % 16); x += 16) {
        const float16 _v0 = LD(float16, p0 + (200*k0 + 8400*row + x));
        _a0[(x - 0) / 16] = _a0[(x - 0) / 16] + _v0;
      }
      for (int x = (200 - 200 % 16); x < 200; ++x) {
        const float _v0 = p0[200*k0 + 8400*row + x];
        _a0s[x - (200 - 200 % 16)] = _a0s[x - (200 - 200 % 16)] + _v0;
      }
    }
    for (int x = 0; x < (200 - 200 % 16); x += 16) {
      ST(float16, p1 + (200*row + x), _a0[(x - 0) / 16]);
    }
    for (int x = (200 - 200 % 16); x < 200; ++x) {
      p1[200*row + x] = _a0s[x - (200 - 200 % 16)];
    }
  }
}
__kernel void k1(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
   {
    float16 _a0[13];
    for (int _i = 0; _i < 13; ++_i) _a0[_i] = (float16)(0.0f);
    float _a0s[8];
    for (int _i = 0; _i < 8; ++_i) _a0s[_i] = 0.0f;
    for (int k0 = 0; k0 < 12; ++k0) {
      for (int x = 0; x < (200 - 200 % 16); x += 16) {
        const float16 _v0 = LD(float16, p0 + (200*k0 + x));
        _a0[(x - 0) / 16] = _a0[(x - 0) / 16] + _v0;
      }
      for (int x = (200 - 200 % 16); x < 200; ++x) {
        const float _v0 = p0[200*k0 + x];
        _a0s[x - (200 - 200 % 16)] = _a0s[x - (200 - 200 % 16)] + _v0;
      }
    }
    for (int x = 0; x < (200 - 200 % 16); x += 16) {
      ST(float16, p1 + (x), _a0[(x - 0) / 16]);
    }
    for (int x = (200 - 200 % 16); x < 200; ++x) {
      p1[x] = _a0s[x - (200 - 200 % 16)];
    }
  }
}

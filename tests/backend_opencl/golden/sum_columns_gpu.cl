// k0 (2432,) (64,): sum
// k1 (256,) (64,): sum
// kernel 0: sum (12, 200) float32: the result of a reduction
// kernel 1: sum (200,) float32: an output of the program
__kernel void k0(__global const float* p0, __global float* p1) {
  const int row = get_global_id(0);
  if (row < 2400) {
    float _a0 = 0.0f;
    for (int k0 = 0; k0 < min((int)42, (int)(500 - 42*(((row)/200)))); ++k0) {
      const float _v0 = p0[((row)%200) + 8400*((row)/200) + 200*k0];
      _a0 = _a0 + _v0;
    }
    p1[row] = _a0;
  }
}
__kernel void k1(__global const float* p0, __global float* p1) {
  const int row = get_global_id(0);
  if (row < 200) {
    float _a0 = 0.0f;
    for (int k0 = 0; k0 < 12; ++k0) {
      const float _v0 = p0[200*k0 + row];
      _a0 = _a0 + _v0;
    }
    p1[row] = _a0;
  }
}

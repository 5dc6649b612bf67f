// k0 (1,) (1,): concat
// k1 (1,) (1,): concat
// kernel 0: concat (9, 25) float32: an output of the program
__kernel void k0(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
  const int _end = _g * 9 + 9;
  for (int row = _g * 9; row < _end; ++row) {
    for (int _x = 0; _x < 20; _x += 16) {
      const int x = min(_x, (int)4);
      const float16 _v0 = LD(float16, p0 + (20*row + x));
      ST(float16, p1 + (25*row + x), _v0);
    }
  }
}
__kernel void k1(__global const float* p0, __global float* p1) {
  const int _g = get_global_id(0);
  const int _end = _g * 9 + 9;
  for (int row = _g * 9; row < _end; ++row) {
    for (int _x = 0; _x < 5; _x += 4) {
      const int x = min(_x, (int)1);
      const float4 _v0 = LD(float4, p0 + (5*row + x));
      ST(float4, p1 + (25*row + x + 20), _v0);
    }
  }
}

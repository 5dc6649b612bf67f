// k0 (2,) (1,): concat
// kernel 0: concat (9, 25) float32: an output of the program
__kernel void k0(__global const float* a0, __global float* a1, __global const float* a2) {
  const int _all = get_global_id(0);
  if (_all < 1) {
    const int _n = _all / 1;
    const int _q = _all % 1;
    const int start = 0;
    __global const float* p0 = a0;
    __global float* p1 = a1;
      const int _g = _q;
      const int _end = _g * 9 + 9;
      for (int row = _g * 9; row < _end; ++row) {
        for (int _x = 0; _x < 20; _x += 16) {
          const int x = min(_x, (int)4);
          const float16 _v0 = LD(float16, p0 + (20*row + x));
          ST(float16, p1 + (25*row + start + x), _v0);
        }
      }
  }
  else  {
    const int _n = (_all - 1) / 1;
    const int _q = (_all - 1) % 1;
    const int start = 20;
    __global const float* p0 = a2;
    __global float* p1 = a1;
      const int _g = _q;
      const int _end = _g * 9 + 9;
      for (int row = _g * 9; row < _end; ++row) {
        for (int _x = 0; _x < 5; _x += 4) {
          const int x = min(_x, (int)1);
          const float4 _v0 = LD(float4, p0 + (5*row + x));
          ST(float4, p1 + (25*row + start + x), _v0);
        }
      }
  }
}

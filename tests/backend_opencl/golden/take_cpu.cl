// k0 (1,) (1,): exp
// kernel 0: exp (3, 40) float32: an output of the program
__kernel void k0(__global const long* p0, __global long* p1, int p2, __global const float* p3, __global float* p4) {
  const int _g = get_global_id(0);
  const int _end = _g * 3 + 3;
  for (int row = _g * 3; row < _end; ++row) {
    const long _v4 = p0[row];
    const int _v2 = pf_check(_v4, 10, p1, p2 + 0);
    for (int _x = 0; _x < 40; _x += 16) {
      const int x = min(_x, (int)24);
      const float16 _v3 = LD(float16, p3 + (40*_v2 + x));
      const float16 _v0 = pf_exp_float16(_v3);
      ST(float16, p4 + (40*row + x), _v0);
    }
  }
}

// k0 (8,) (1,): add
// kernel 0: add (8, 30, 100) float32: an output of the program
__kernel void k0(__global const float* p0, __global const float* p1, __global float* p2) {
  const int _g = get_global_id(0);
  const int _end = _g * 30 + 30;
  for (int row = _g * 30; row < _end; ++row) {
    const float _v3 = p1[((row)%30)];
    for (int _x = 0; _x < 100; _x += 16) {
      const int x = min(_x, (int)84);
      const float16 _v1 = LD(float16, p0 + (100*row + x));
      const float16 _v0 = (_v1 + _v3);
      ST(float16, p2 + (100*row + x), _v0);
    }
  }
}

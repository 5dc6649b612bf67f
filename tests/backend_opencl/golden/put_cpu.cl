// k0 (5,) (1,): put
// kernel 0: put (10, 40) float32: an output of the program
__kernel void k0(__global float* p0, __global const long* p1, __global long* p2, int p3, __global const float* p4) {
  const int _g = get_global_id(0);
  const int _lo = _g / 1 % 5 * 2;
  const int _hi = min(_lo + 2, (int)10);
  const int _x0 = _g % 1 * 40;
  const int _x1 = min(_x0 + 40, (int)40);
  for (int j = _lo; j < _hi; ++j) {
    for (int x = _x0; x < _x1; x += 8) {
      ST(float8, p0 + (40*j + x), ((float8)(0.0f)));
    }
  }
  for (int m = 0; m < 3; ++m) {
    const long _v1 = p1[m];
    const int j = pf_check(_v1, 10, p2, p3 + 0);
    if (j < _lo || j >= _hi) continue;
    for (int x = _x0; x < _x1; x += 8) {
      const float8 _v2 = LD(float8, p4 + (40*m + x));
      ST(float8, p0 + (40*j + x), (LD(float8, p0 + (40*j + x)) + _v2));
    }
  }
}

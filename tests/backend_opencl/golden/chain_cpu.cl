// k0 (8,) (1,): add
// kernel 0: add (1000, 50) float32: an output of the program
__kernel void k0(__global const float* p0, __global const float* p1, float p2, __global float* p3) {
  const int _g = get_global_id(0);
  const int _x0 = _g % 8 * 6256;
  const int _x1 = min(_x0 + 6256, (int)50000);
   {
    for (int x = _x0; x < _x1; x += 16) {
      const float16 _v7 = LD(float16, p0 + (x));
      const float16 _v2 = LD(float16, p1 + (x));
      const float16 _v6 = (_v7 * _v2);
      const float16 _v5 = (_v6 + _v7);
      const float16 _v3 = pf_tanh_float16(_v5);
      const float16 _v1 = (_v3 * p2);
      const float16 _v0 = (_v1 + _v2);
      ST(float16, p3 + (x), _v0);
    }
  }
}

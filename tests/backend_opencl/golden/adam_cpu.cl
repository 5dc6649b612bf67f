// k0 (7,) (1,): add+sub
// kernel 0: add (64, 50) float32: an output of the program
// kernel 0: add (64, 50) float32: an output of the program
// kernel 0: sub (64, 50) float32: an output of the program
__kernel void k0(__global const float* p0, float p1, __global const float* p2, float p3, __global const float* p4, float p5, float p6, __global const float* p7, float p8, float p9, float p10, __global float* p11, __global float* p12, __global float* p13) {
  const int _g = get_global_id(0);
  const int _x0 = _g % 7 * 512;
  const int _x1 = min(_x0 + 512, (int)3200);
   {
    for (int x = _x0; x < _x1; x += 16) {
      const float16 _v22 = LD(float16, p0 + (x));
      const float16 _v19 = (_v22 * p1);
      const float16 _v16 = LD(float16, p2 + (x));
      const float16 _v20 = (_v16 * p3);
      const float16 _v0 = (_v19 + _v20);
      const float16 _v17 = LD(float16, p4 + (x));
      const float16 _v12 = (_v17 * p5);
      const float16 _v14 = (_v16 * _v16);
      const float16 _v13 = (_v14 * p6);
      const float16 _v1 = (_v12 + _v13);
      const float16 _v3 = LD(float16, p7 + (x));
      const float16 _v5 = (_v0 * p8);
      const float16 _v9 = (_v1 * p9);
      const float16 _v7 = sqrt(_v9);
      const float16 _v6 = (_v7 + p10);
      const float16 _v4 = (_v5 / _v6);
      const float16 _v2 = (_v3 - _v4);
      ST(float16, p11 + (x), _v0);
      ST(float16, p12 + (x), _v1);
      ST(float16, p13 + (x), _v2);
    }
  }
}

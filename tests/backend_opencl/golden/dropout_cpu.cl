// k0 (8,) (1,): mul
// kernel 0: mul (64, 32) float32: an output of the program
__kernel void k0(__global const float* p0, uint p1, uint p2, uint p3, uint p4, __global float* p5) {
  const int _g = get_global_id(0);
  const int _end = _g * 8 + 8;
  for (int row = _g * 8; row < _end; ++row) {
    for (int x = 0; x < 32; x += 16) {
      const float16 _v1 = LD(float16, p0 + (32*row + x));
      const uint16 _v4 = pf_threefry_uint16(CV((32*row + (x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))), uint16), (uint16)(p3), p1, p2);
      const int16 _v3 = (_v4 < ((uint16)(p4)));
      const float16 _v2 = CV((_v3 & 1), float16);
      const float16 _v0 = (_v1 * _v2);
      ST(float16, p5 + (32*row + x), _v0);
    }
  }
}

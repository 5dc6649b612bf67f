// k0 (50048,) (64,): add
// kernel 0: add (1000, 50) float32: an output of the program
__kernel void k0(__global const float* p0, __global const float* p1, float p2, __global float* p3) {
  const int row = get_global_id(0);
  if (row < 50000) {
    const float _v7 = p0[row];
    const float _v2 = p1[row];
    const float _v6 = (_v7 * _v2);
    const float _v5 = (_v6 + _v7);
    const float _v3 = tanh(_v5);
    const float _v1 = (_v3 * p2);
    const float _v0 = (_v1 + _v2);
    p3[row] = _v0;
  }
}

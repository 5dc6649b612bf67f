// k0 (3200,) (64,): max+exp+sum+div
// kernel 0: div (50, 100) float32: an output of the program
__kernel void k0(__global const float* p0, __global float* p1) {
  const int row = get_group_id(0);
  const int _l = get_local_id(0);
  __local float _a0t[64];
  __local float _a1t[64];
   {
    float _a0 = (-INFINITY);
    for (int k = _l; k < 100; k += 64) {
      const float _v0 = p0[k + 100*row];
      _a0 = ((_v0 > _a0) | (_v0 != _v0)) ? _v0 : _a0;
    }
    _a0t[_l] = _a0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int _s = 32; _s > 0; _s >>= 1) {
      if (_l < _s) _a0t[_l] = ((_a0t[_l + _s] > _a0t[_l]) | (_a0t[_l + _s] != _a0t[_l + _s])) ? _a0t[_l + _s] : _a0t[_l];
      barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float _a0r = _a0t[0];
    float _a1 = 0.0f;
    for (int k = _l; k < 100; k += 64) {
      const float _v0 = p0[k + 100*row];
      const float _v6 = (_v0 - _a0r);
      const float _v1 = exp(_v6);
      _a1 = _a1 + _v1;
    }
    _a1t[_l] = _a1;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int _s = 32; _s > 0; _s >>= 1) {
      if (_l < _s) _a1t[_l] = _a1t[_l] + _a1t[_l + _s];
      barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float _a1r = _a1t[0];
    for (int k = _l; k < 100; k += 64) {
      const float _v0 = p0[k + 100*row];
      const float _v6 = (_v0 - _a0r);
      const float _v1 = exp(_v6);
      const float _v2 = (_v1 / _a1r);
      p1[k + 100*row] = _v2;
    }
  }
}

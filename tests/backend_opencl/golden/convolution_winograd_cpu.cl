// k0 (1, 1, 1) (1, 1, 1): transform of dot+reshape
// k1 (8, 1, 1) (1, 1, 1): dot+reshape
// kernel 0: reshape (4, 8, 14, 14) float32: an output of the program
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void k0(
    __global const float* a0,
    __global float* filters) {
    const int part = (int)get_global_id(0);
    const int tile = (int)get_global_id(1);
    const int batch = (int)get_global_id(2);
    const int end = part * 16 + 16;
    for (int c = part * 16; c < end && c < 8; c++) {
        for (int r = 0; r < 8; r++) {
            const int row = tile * 8 + r < 7 ? tile * 8 + r : 7;
            __global float* const to = filters + (((size_t)batch * 1 + tile) * 1024 + c * 8 + r);
            const int tap0 = c * 9 + 0;
            float w0;
             {
                const float _a1_2 = a0[72*row + tap0];
                w0 = _a1_2;
            }
            const int tap1 = c * 9 + 1;
            float w1;
             {
                const float _a2_2 = a0[72*row + tap1];
                w1 = _a2_2;
            }
            const int tap2 = c * 9 + 2;
            float w2;
             {
                const float _a3_2 = a0[72*row + tap2];
                w2 = _a3_2;
            }
            const int tap3 = c * 9 + 3;
            float w3;
             {
                const float _a4_2 = a0[72*row + tap3];
                w3 = _a4_2;
            }
            const int tap4 = c * 9 + 4;
            float w4;
             {
                const float _a5_2 = a0[72*row + tap4];
                w4 = _a5_2;
            }
            const int tap5 = c * 9 + 5;
            float w5;
             {
                const float _a6_2 = a0[72*row + tap5];
                w5 = _a6_2;
            }
            const int tap6 = c * 9 + 6;
            float w6;
             {
                const float _a7_2 = a0[72*row + tap6];
                w6 = _a7_2;
            }
            const int tap7 = c * 9 + 7;
            float w7;
             {
                const float _a8_2 = a0[72*row + tap7];
                w7 = _a8_2;
            }
            const int tap8 = c * 9 + 8;
            float w8;
             {
                const float _a9_2 = a0[72*row + tap8];
                w8 = _a9_2;
            }
            const float m00 = w0;
            const float m01 = w1;
            const float m02 = w2;
            to[0] = m00;
            to[64] = ((m00 + m02) + m01) / 2;
            to[128] = ((m00 + m02) - m01) / 2;
            to[192] = m02;
            const float m10 = ((w0 + w6) + w3) / 2;
            const float m11 = ((w1 + w7) + w4) / 2;
            const float m12 = ((w2 + w8) + w5) / 2;
            to[256] = m10;
            to[320] = ((m10 + m12) + m11) / 2;
            to[384] = ((m10 + m12) - m11) / 2;
            to[448] = m12;
            const float m20 = ((w0 + w6) - w3) / 2;
            const float m21 = ((w1 + w7) - w4) / 2;
            const float m22 = ((w2 + w8) - w5) / 2;
            to[512] = m20;
            to[576] = ((m20 + m22) + m21) / 2;
            to[640] = ((m20 + m22) - m21) / 2;
            to[704] = m22;
            const float m30 = w6;
            const float m31 = w7;
            const float m32 = w8;
            to[768] = m30;
            to[832] = ((m30 + m32) + m31) / 2;
            to[896] = ((m30 + m32) - m31) / 2;
            to[960] = m32;
        }
    }
}
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void k1(
    __global const float* image,
    __global float* e0,
    __global const float* filters,
    __global float* own) {
    const size_t item = get_global_id(0);
    const size_t size = 13568;
    __global float* const canvas = own + (item * size + 0);
    __global float* const seen = own + (item * size + 1600);
    __global float* const mixed = own + (item * size + 6272);
    __global float* const results = own + (item * size + 10432);
    for (int at = 0; at < 1536; at += 16) {
        ST(float16, canvas + at, (float16)(0));
    }
    for (int job = (int)item; job < 8; job += 8) {
        const int group = job % 1;
        const int rest = job / 1;
        const int first_row = rest % 2 * 8;
        const int first_image = rest / 2 * 1;
        for (int c = 0; c < 8; c++) {
            for (int im = 0; im < 1; im++) {
                const int n = first_image;
                __global const float* const plane = image + (-15L + (long)n * 1568 + (long)group * 0 + (long)c * 196);
                for (int i = 0; i < 5; i++) {
                    __global float* const to = canvas + (c * 192 + im * 40 + i * 8);
                     {
                        const int row = first_row * 1 + i * 2 + 0;
                        const int inside = row >= 1 && row < 15;
                        __global const float* const from = plane + (long)row * 14;
                        if (inside) {
                             {
                                const float4 half0 = LD(float4, from + 2 + (-1));
                                const float4 half1 = LD(float4, from + 2 + (3));
                                ST(float4, to + 0 + 1 + 0, ((float4)(half0.s1, half0.s3, half1.s1, half1.s3)));
                            }
                             {
                                const float4 half0 = LD(float4, from + 2 + (5));
                                const float4 half1 = LD(float4, from + 2 + (9));
                                ST(float4, to + 0 + 1 + 3, ((float4)(half0.s1, half0.s3, half1.s1, half1.s3)));
                            }
                        }
                        else {
                            ST(float4, to + 0 + 1, (float4)(0));
                            ST(float4, to + 0 + 1 + 3, (float4)(0));
                        }
                        if (inside) {
                             {
                                const float4 half0 = LD(float4, from + 1 + (0));
                                const float4 half1 = LD(float4, from + 1 + (4));
                                ST(float4, to + 48 + 0 + 0, ((float4)(half0.s0, half0.s2, half1.s0, half1.s2)));
                            }
                             {
                                const float4 half0 = LD(float4, from + 1 + (6));
                                const float4 half1 = LD(float4, from + 1 + (10));
                                ST(float4, to + 48 + 0 + 3, ((float4)(half0.s0, half0.s2, half1.s0, half1.s2)));
                            }
                        }
                        else {
                            ST(float4, to + 48 + 0, (float4)(0));
                            ST(float4, to + 48 + 0 + 3, (float4)(0));
                        }
                    }
                     {
                        const int row = first_row * 1 + i * 2 + 1;
                        const int inside = row >= 1 && row < 15;
                        __global const float* const from = plane + (long)row * 14;
                        if (inside) {
                             {
                                const float4 half0 = LD(float4, from + 2 + (-1));
                                const float4 half1 = LD(float4, from + 2 + (3));
                                ST(float4, to + 96 + 1 + 0, ((float4)(half0.s1, half0.s3, half1.s1, half1.s3)));
                            }
                             {
                                const float4 half0 = LD(float4, from + 2 + (5));
                                const float4 half1 = LD(float4, from + 2 + (9));
                                ST(float4, to + 96 + 1 + 3, ((float4)(half0.s1, half0.s3, half1.s1, half1.s3)));
                            }
                        }
                        else {
                            ST(float4, to + 96 + 1, (float4)(0));
                            ST(float4, to + 96 + 1 + 3, (float4)(0));
                        }
                        if (inside) {
                             {
                                const float4 half0 = LD(float4, from + 1 + (0));
                                const float4 half1 = LD(float4, from + 1 + (4));
                                ST(float4, to + 144 + 0 + 0, ((float4)(half0.s0, half0.s2, half1.s0, half1.s2)));
                            }
                             {
                                const float4 half0 = LD(float4, from + 1 + (6));
                                const float4 half1 = LD(float4, from + 1 + (10));
                                ST(float4, to + 144 + 0 + 3, ((float4)(half0.s0, half0.s2, half1.s0, half1.s2)));
                            }
                        }
                        else {
                            ST(float4, to + 144 + 0, (float4)(0));
                            ST(float4, to + 144 + 0 + 3, (float4)(0));
                        }
                    }
                }
            }
        }
        for (int q = 0; q < 2; q += 2) {
            const int number0 = q + 0;
            const int at0 = (number0) * 16;
            const int number1 = q + 1;
            const int at1 = (number1) * 16;
            for (int c = 0; c < 8; c++) {
                 {
                    __global const float* const from = canvas + (c * 192 + at0);
                    __global float* const to = seen + (c * 32 + 0);
                    const float16 d00 = LD(float16, from + 0);
                    const float16 d01 = LD(float16, from + 48);
                    const float16 d02 = LD(float16, from + 1);
                    const float16 d03 = LD(float16, from + 49);
                    const float16 d10 = LD(float16, from + 96);
                    const float16 d11 = LD(float16, from + 144);
                    const float16 d12 = LD(float16, from + 97);
                    const float16 d13 = LD(float16, from + 145);
                    const float16 d20 = LD(float16, from + 8);
                    const float16 d21 = LD(float16, from + 56);
                    const float16 d22 = LD(float16, from + 9);
                    const float16 d23 = LD(float16, from + 57);
                    const float16 d30 = LD(float16, from + 104);
                    const float16 d31 = LD(float16, from + 152);
                    const float16 d32 = LD(float16, from + 105);
                    const float16 d33 = LD(float16, from + 153);
                    const float16 e00 = d00 - d20;
                    const float16 e01 = d01 - d21;
                    const float16 e02 = d02 - d22;
                    const float16 e03 = d03 - d23;
                    const float16 e10 = d10 + d20;
                    const float16 e11 = d11 + d21;
                    const float16 e12 = d12 + d22;
                    const float16 e13 = d13 + d23;
                    const float16 e20 = d20 - d10;
                    const float16 e21 = d21 - d11;
                    const float16 e22 = d22 - d12;
                    const float16 e23 = d23 - d13;
                    const float16 e30 = d10 - d30;
                    const float16 e31 = d11 - d31;
                    const float16 e32 = d12 - d32;
                    const float16 e33 = d13 - d33;
                    ST(float16, to + 0, e00 - e02);
                    ST(float16, to + 288, e01 + e02);
                    ST(float16, to + 576, e02 - e01);
                    ST(float16, to + 864, e01 - e03);
                    ST(float16, to + 1152, e10 - e12);
                    ST(float16, to + 1440, e11 + e12);
                    ST(float16, to + 1728, e12 - e11);
                    ST(float16, to + 2016, e11 - e13);
                    ST(float16, to + 2304, e20 - e22);
                    ST(float16, to + 2592, e21 + e22);
                    ST(float16, to + 2880, e22 - e21);
                    ST(float16, to + 3168, e21 - e23);
                    ST(float16, to + 3456, e30 - e32);
                    ST(float16, to + 3744, e31 + e32);
                    ST(float16, to + 4032, e32 - e31);
                    ST(float16, to + 4320, e31 - e33);
                }
                 {
                    __global const float* const from = canvas + (c * 192 + at1);
                    __global float* const to = seen + (c * 32 + 16);
                    const float16 d00 = LD(float16, from + 0);
                    const float16 d01 = LD(float16, from + 48);
                    const float16 d02 = LD(float16, from + 1);
                    const float16 d03 = LD(float16, from + 49);
                    const float16 d10 = LD(float16, from + 96);
                    const float16 d11 = LD(float16, from + 144);
                    const float16 d12 = LD(float16, from + 97);
                    const float16 d13 = LD(float16, from + 145);
                    const float16 d20 = LD(float16, from + 8);
                    const float16 d21 = LD(float16, from + 56);
                    const float16 d22 = LD(float16, from + 9);
                    const float16 d23 = LD(float16, from + 57);
                    const float16 d30 = LD(float16, from + 104);
                    const float16 d31 = LD(float16, from + 152);
                    const float16 d32 = LD(float16, from + 105);
                    const float16 d33 = LD(float16, from + 153);
                    const float16 e00 = d00 - d20;
                    const float16 e01 = d01 - d21;
                    const float16 e02 = d02 - d22;
                    const float16 e03 = d03 - d23;
                    const float16 e10 = d10 + d20;
                    const float16 e11 = d11 + d21;
                    const float16 e12 = d12 + d22;
                    const float16 e13 = d13 + d23;
                    const float16 e20 = d20 - d10;
                    const float16 e21 = d21 - d11;
                    const float16 e22 = d22 - d12;
                    const float16 e23 = d23 - d13;
                    const float16 e30 = d10 - d30;
                    const float16 e31 = d11 - d31;
                    const float16 e32 = d12 - d32;
                    const float16 e33 = d13 - d33;
                    ST(float16, to + 0, e00 - e02);
                    ST(float16, to + 288, e01 + e02);
                    ST(float16, to + 576, e02 - e01);
                    ST(float16, to + 864, e01 - e03);
                    ST(float16, to + 1152, e10 - e12);
                    ST(float16, to + 1440, e11 + e12);
                    ST(float16, to + 1728, e12 - e11);
                    ST(float16, to + 2016, e11 - e13);
                    ST(float16, to + 2304, e20 - e22);
                    ST(float16, to + 2592, e21 + e22);
                    ST(float16, to + 2880, e22 - e21);
                    ST(float16, to + 3168, e21 - e23);
                    ST(float16, to + 3456, e30 - e32);
                    ST(float16, to + 3744, e31 + e32);
                    ST(float16, to + 4032, e32 - e31);
                    ST(float16, to + 4320, e31 - e33);
                }
            }
            for (int tile = 0; tile < 1; tile++) {
                for (int e = 0; e < 16; e++) {
                    __global const float* const left = filters + (((size_t)group * 1 + tile) * 16 + e) * 64;
                    __global const float* const right = seen + e * 288;
                    float16 sum0_0 = (float16)(0);
                    float16 sum0_1 = (float16)(0);
                    float16 sum1_0 = (float16)(0);
                    float16 sum1_1 = (float16)(0);
                    float16 sum2_0 = (float16)(0);
                    float16 sum2_1 = (float16)(0);
                    float16 sum3_0 = (float16)(0);
                    float16 sum3_1 = (float16)(0);
                    float16 sum4_0 = (float16)(0);
                    float16 sum4_1 = (float16)(0);
                    float16 sum5_0 = (float16)(0);
                    float16 sum5_1 = (float16)(0);
                    float16 sum6_0 = (float16)(0);
                    float16 sum6_1 = (float16)(0);
                    float16 sum7_0 = (float16)(0);
                    float16 sum7_1 = (float16)(0);
                    for (int c = 0; c < 8; c++) {
                        const float16 right0 = LD(float16, right + (c * 32 + 0));
                        const float16 right1 = LD(float16, right + (c * 32 + 16));
                         {
                            const float16 one = (float16)(left[c * 8 + 0]);
                            sum0_0 = one * right0 + sum0_0;
                            sum0_1 = one * right1 + sum0_1;
                        }
                         {
                            const float16 one = (float16)(left[c * 8 + 1]);
                            sum1_0 = one * right0 + sum1_0;
                            sum1_1 = one * right1 + sum1_1;
                        }
                         {
                            const float16 one = (float16)(left[c * 8 + 2]);
                            sum2_0 = one * right0 + sum2_0;
                            sum2_1 = one * right1 + sum2_1;
                        }
                         {
                            const float16 one = (float16)(left[c * 8 + 3]);
                            sum3_0 = one * right0 + sum3_0;
                            sum3_1 = one * right1 + sum3_1;
                        }
                         {
                            const float16 one = (float16)(left[c * 8 + 4]);
                            sum4_0 = one * right0 + sum4_0;
                            sum4_1 = one * right1 + sum4_1;
                        }
                         {
                            const float16 one = (float16)(left[c * 8 + 5]);
                            sum5_0 = one * right0 + sum5_0;
                            sum5_1 = one * right1 + sum5_1;
                        }
                         {
                            const float16 one = (float16)(left[c * 8 + 6]);
                            sum6_0 = one * right0 + sum6_0;
                            sum6_1 = one * right1 + sum6_1;
                        }
                         {
                            const float16 one = (float16)(left[c * 8 + 7]);
                            sum7_0 = one * right0 + sum7_0;
                            sum7_1 = one * right1 + sum7_1;
                        }
                    }
                    ST(float16, mixed + (e * 256 + 0), sum0_0);
                    ST(float16, mixed + (e * 256 + 16), sum0_1);
                    ST(float16, mixed + (e * 256 + 32), sum1_0);
                    ST(float16, mixed + (e * 256 + 48), sum1_1);
                    ST(float16, mixed + (e * 256 + 64), sum2_0);
                    ST(float16, mixed + (e * 256 + 80), sum2_1);
                    ST(float16, mixed + (e * 256 + 96), sum3_0);
                    ST(float16, mixed + (e * 256 + 112), sum3_1);
                    ST(float16, mixed + (e * 256 + 128), sum4_0);
                    ST(float16, mixed + (e * 256 + 144), sum4_1);
                    ST(float16, mixed + (e * 256 + 160), sum5_0);
                    ST(float16, mixed + (e * 256 + 176), sum5_1);
                    ST(float16, mixed + (e * 256 + 192), sum6_0);
                    ST(float16, mixed + (e * 256 + 208), sum6_1);
                    ST(float16, mixed + (e * 256 + 224), sum7_0);
                    ST(float16, mixed + (e * 256 + 240), sum7_1);
                }
                for (int r = 0; r < 8; r++) {
                    __global const float* const from = mixed + r * 32;
                    __global float* const to = results + (tile * 8 + r) * 384;
                     {
                        const float16 m00 = LD(float16, from + 0);
                        const float16 m01 = LD(float16, from + 256);
                        const float16 m02 = LD(float16, from + 512);
                        const float16 m03 = LD(float16, from + 768);
                        const float16 m10 = LD(float16, from + 1024);
                        const float16 m11 = LD(float16, from + 1280);
                        const float16 m12 = LD(float16, from + 1536);
                        const float16 m13 = LD(float16, from + 1792);
                        const float16 m20 = LD(float16, from + 2048);
                        const float16 m21 = LD(float16, from + 2304);
                        const float16 m22 = LD(float16, from + 2560);
                        const float16 m23 = LD(float16, from + 2816);
                        const float16 m30 = LD(float16, from + 3072);
                        const float16 m31 = LD(float16, from + 3328);
                        const float16 m32 = LD(float16, from + 3584);
                        const float16 m33 = LD(float16, from + 3840);
                        const float16 t00 = m00 + m10 + m20;
                        const float16 t01 = m01 + m11 + m21;
                        const float16 t02 = m02 + m12 + m22;
                        const float16 t03 = m03 + m13 + m23;
                        const float16 t10 = m10 - m20 - m30;
                        const float16 t11 = m11 - m21 - m31;
                        const float16 t12 = m12 - m22 - m32;
                        const float16 t13 = m13 - m23 - m33;
                        const float16 y00 = t00 + t01 + t02;
                        const float16 y01 = t01 - t02 - t03;
                        const float16 y10 = t10 + t11 + t12;
                        const float16 y11 = t11 - t12 - t13;
                        ST(float16, to + (0 + 2 * at0 + 0), ((float16)(y00.s0, y01.s0, y00.s1, y01.s1, y00.s2, y01.s2, y00.s3, y01.s3, y00.s4, y01.s4, y00.s5, y01.s5, y00.s6, y01.s6, y00.s7, y01.s7)));
                        ST(float16, to + (0 + 2 * at0 + 16), ((float16)(y00.s8, y01.s8, y00.s9, y01.s9, y00.sa, y01.sa, y00.sb, y01.sb, y00.sc, y01.sc, y00.sd, y01.sd, y00.se, y01.se, y00.sf, y01.sf)));
                        ST(float16, to + (192 + 2 * at0 + 0), ((float16)(y10.s0, y11.s0, y10.s1, y11.s1, y10.s2, y11.s2, y10.s3, y11.s3, y10.s4, y11.s4, y10.s5, y11.s5, y10.s6, y11.s6, y10.s7, y11.s7)));
                        ST(float16, to + (192 + 2 * at0 + 16), ((float16)(y10.s8, y11.s8, y10.s9, y11.s9, y10.sa, y11.sa, y10.sb, y11.sb, y10.sc, y11.sc, y10.sd, y11.sd, y10.se, y11.se, y10.sf, y11.sf)));
                    }
                     {
                        const float16 m00 = LD(float16, from + 16);
                        const float16 m01 = LD(float16, from + 272);
                        const float16 m02 = LD(float16, from + 528);
                        const float16 m03 = LD(float16, from + 784);
                        const float16 m10 = LD(float16, from + 1040);
                        const float16 m11 = LD(float16, from + 1296);
                        const float16 m12 = LD(float16, from + 1552);
                        const float16 m13 = LD(float16, from + 1808);
                        const float16 m20 = LD(float16, from + 2064);
                        const float16 m21 = LD(float16, from + 2320);
                        const float16 m22 = LD(float16, from + 2576);
                        const float16 m23 = LD(float16, from + 2832);
                        const float16 m30 = LD(float16, from + 3088);
                        const float16 m31 = LD(float16, from + 3344);
                        const float16 m32 = LD(float16, from + 3600);
                        const float16 m33 = LD(float16, from + 3856);
                        const float16 t00 = m00 + m10 + m20;
                        const float16 t01 = m01 + m11 + m21;
                        const float16 t02 = m02 + m12 + m22;
                        const float16 t03 = m03 + m13 + m23;
                        const float16 t10 = m10 - m20 - m30;
                        const float16 t11 = m11 - m21 - m31;
                        const float16 t12 = m12 - m22 - m32;
                        const float16 t13 = m13 - m23 - m33;
                        const float16 y00 = t00 + t01 + t02;
                        const float16 y01 = t01 - t02 - t03;
                        const float16 y10 = t10 + t11 + t12;
                        const float16 y11 = t11 - t12 - t13;
                        ST(float16, to + (0 + 2 * at1 + 0), ((float16)(y00.s0, y01.s0, y00.s1, y01.s1, y00.s2, y01.s2, y00.s3, y01.s3, y00.s4, y01.s4, y00.s5, y01.s5, y00.s6, y01.s6, y00.s7, y01.s7)));
                        ST(float16, to + (0 + 2 * at1 + 16), ((float16)(y00.s8, y01.s8, y00.s9, y01.s9, y00.sa, y01.sa, y00.sb, y01.sb, y00.sc, y01.sc, y00.sd, y01.sd, y00.se, y01.se, y00.sf, y01.sf)));
                        ST(float16, to + (192 + 2 * at1 + 0), ((float16)(y10.s0, y11.s0, y10.s1, y11.s1, y10.s2, y11.s2, y10.s3, y11.s3, y10.s4, y11.s4, y10.s5, y11.s5, y10.s6, y11.s6, y10.s7, y11.s7)));
                        ST(float16, to + (192 + 2 * at1 + 16), ((float16)(y10.s8, y11.s8, y10.s9, y11.s9, y10.sa, y11.sa, y10.sb, y11.sb, y10.sc, y11.sc, y10.sd, y11.sd, y10.se, y11.se, y10.sf, y11.sf)));
                    }
                }
            }
        }
        for (int tile = 0; tile < 1; tile++) {
            for (int r = 0; r < 8; r++) {
                const int i = tile * 8 + r;
                for (int im = 0; im < 1; im++) {
                    const int n = first_image + im;
                    const int batch = n * 1 + group;
                    for (int y = 0; y < 8; y++) {
                        if (first_row + y >= 14) break;
                        __global const float* const line = results + ((tile * 8 + r) * 384 + y % 2 * 192 + im * 80 + y / 2 * 16);
                        const int start = (first_row + y) * 14;
                        for (int over = 0; over < 14; over += 8) {
                            const int x = over + 8 <= 14 ? over : 6;
                             {
                                const int j = start + x;
                                const float8 value = LD(float8, line + x);
                                ST(float8, e0 + (1568*batch + 196*i + j), value);
                            }
                        }
                    }
                }
            }
        }
    }
}

// k0 (1, 1, 1) (1, 1, 1): pack of dot+reshape
// k1 (8, 1, 1) (1, 1, 1): dot+reshape
// kernel 0: reshape (4, 4, 7, 14) float32: an output of the program
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void k0(
    __global const float* a0,
    __global float* panels) {
    const int batch = (int)get_global_id(2);
    const int panel = (int)get_global_id(1);
    const int part = (int)get_global_id(0);
    const int first = panel * 4;
    const int start = part * 64;
    const int end = start + 64 < 27 ? start + 64 : 27;
    __global float* const target = panels + ((size_t)batch * 1 + panel) * 108;
     {
        int k = start;
        for (; k + 4 <= end; k += 4) {
            for (int v = 0; v < 4; v += 4) {
                const int at = first + v;
                const int at0 = at + 0;
                float4 line0;
                 {
                    const float4 _a1_2 = LD(float4, a0 + (27*at0 + k));
                    line0 = _a1_2;
                }
                const int at1 = at + 1;
                float4 line1;
                 {
                    const float4 _a2_2 = LD(float4, a0 + (27*at1 + k));
                    line1 = _a2_2;
                }
                const int at2 = at + 2;
                float4 line2;
                 {
                    const float4 _a3_2 = LD(float4, a0 + (27*at2 + k));
                    line2 = _a3_2;
                }
                const int at3 = at + 3;
                float4 line3;
                 {
                    const float4 _a4_2 = LD(float4, a0 + (27*at3 + k));
                    line3 = _a4_2;
                }
                const float4 turn0_0 = (float4)(line0.s0, line2.s0, line0.s1, line2.s1);
                const float4 turn0_1 = (float4)(line0.s2, line2.s2, line0.s3, line2.s3);
                const float4 turn0_2 = (float4)(line1.s0, line3.s0, line1.s1, line3.s1);
                const float4 turn0_3 = (float4)(line1.s2, line3.s2, line1.s3, line3.s3);
                const float4 turn1_0 = (float4)(turn0_0.s0, turn0_2.s0, turn0_0.s1, turn0_2.s1);
                const float4 turn1_1 = (float4)(turn0_0.s2, turn0_2.s2, turn0_0.s3, turn0_2.s3);
                const float4 turn1_2 = (float4)(turn0_1.s0, turn0_3.s0, turn0_1.s1, turn0_3.s1);
                const float4 turn1_3 = (float4)(turn0_1.s2, turn0_3.s2, turn0_1.s3, turn0_3.s3);
                ST(float4, target + ((k + 0) * 4 + v), turn1_0);
                ST(float4, target + ((k + 1) * 4 + v), turn1_1);
                ST(float4, target + ((k + 2) * 4 + v), turn1_2);
                ST(float4, target + ((k + 3) * 4 + v), turn1_3);
            }
        }
        for (; k < end; k++) {
            for (int lane = 0; lane < 4; lane++) {
                float single = 0;
                if (first + 0 + lane < 4) {
                    const int load_r = first + 0 + lane, load_c = k;
                    const float _a5_2 = a0[load_c + 27*load_r];
                    single = _a5_2;
                }
                (target + k * 4 + 0)[lane] = single;
            }
        }
    }
}
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void k1(
    __global const float* image,
    __global float* e0,
    __global const float* panels,
    __global float* own) {
    const size_t item = get_global_id(0);
    const size_t size = 1856;
    __global float* const canvas = own + (item * size + 0);
    __global float* const results = own + (item * size + 1024);
    for (int at = 0; at < 960; at += 16) {
        ST(float16, canvas + at, (float16)(0));
    }
    for (int job = (int)item; job < 8; job += 8) {
        const int group = job % 1;
        const int rest = job / 1;
        const int first_row = rest % 2 * 4;
        const int first_image = rest / 2 * 1;
        for (int c = 0; c < 3; c++) {
            for (int im = 0; im < 1; im++) {
                const int n = first_image;
                __global const float* const plane = image + (-29L + (long)n * 1176 + (long)group * 0 + (long)c * 392);
                for (int i = 0; i < 5; i++) {
                    __global float* const to = canvas + (c * 320 + im * 75 + i * 15);
                     {
                        const int row = first_row * 2 + i * 2 + 0;
                        const int inside = row >= 1 && row < 15;
                        __global const float* const from = plane + (long)row * 28;
                        if (inside) {
                             {
                                const float8 half0 = LD(float8, from + 2 + (-1));
                                const float8 half1 = LD(float8, from + 2 + (7));
                                ST(float8, to + 0 + 1 + 0, ((float8)(half0.s1, half0.s3, half0.s5, half0.s7, half1.s1, half1.s3, half1.s5, half1.s7)));
                            }
                             {
                                const float8 half0 = LD(float8, from + 2 + (11));
                                const float8 half1 = LD(float8, from + 2 + (19));
                                ST(float8, to + 0 + 1 + 6, ((float8)(half0.s1, half0.s3, half0.s5, half0.s7, half1.s1, half1.s3, half1.s5, half1.s7)));
                            }
                        }
                        else {
                            ST(float8, to + 0 + 1, (float8)(0));
                            ST(float8, to + 0 + 1 + 6, (float8)(0));
                        }
                        if (inside) {
                             {
                                const float8 half0 = LD(float8, from + 1 + (0));
                                const float8 half1 = LD(float8, from + 1 + (8));
                                ST(float8, to + 80 + 0 + 0, ((float8)(half0.s0, half0.s2, half0.s4, half0.s6, half1.s0, half1.s2, half1.s4, half1.s6)));
                            }
                             {
                                const float8 half0 = LD(float8, from + 1 + (12));
                                const float8 half1 = LD(float8, from + 1 + (20));
                                ST(float8, to + 80 + 0 + 6, ((float8)(half0.s0, half0.s2, half0.s4, half0.s6, half1.s0, half1.s2, half1.s4, half1.s6)));
                            }
                        }
                        else {
                            ST(float8, to + 80 + 0, (float8)(0));
                            ST(float8, to + 80 + 0 + 6, (float8)(0));
                        }
                    }
                     {
                        const int row = first_row * 2 + i * 2 + 1;
                        const int inside = row >= 1 && row < 15;
                        __global const float* const from = plane + (long)row * 28;
                        if (inside) {
                             {
                                const float8 half0 = LD(float8, from + 2 + (-1));
                                const float8 half1 = LD(float8, from + 2 + (7));
                                ST(float8, to + 160 + 1 + 0, ((float8)(half0.s1, half0.s3, half0.s5, half0.s7, half1.s1, half1.s3, half1.s5, half1.s7)));
                            }
                             {
                                const float8 half0 = LD(float8, from + 2 + (11));
                                const float8 half1 = LD(float8, from + 2 + (19));
                                ST(float8, to + 160 + 1 + 6, ((float8)(half0.s1, half0.s3, half0.s5, half0.s7, half1.s1, half1.s3, half1.s5, half1.s7)));
                            }
                        }
                        else {
                            ST(float8, to + 160 + 1, (float8)(0));
                            ST(float8, to + 160 + 1 + 6, (float8)(0));
                        }
                        if (inside) {
                             {
                                const float8 half0 = LD(float8, from + 1 + (0));
                                const float8 half1 = LD(float8, from + 1 + (8));
                                ST(float8, to + 240 + 0 + 0, ((float8)(half0.s0, half0.s2, half0.s4, half0.s6, half1.s0, half1.s2, half1.s4, half1.s6)));
                            }
                             {
                                const float8 half0 = LD(float8, from + 1 + (12));
                                const float8 half1 = LD(float8, from + 1 + (20));
                                ST(float8, to + 240 + 0 + 6, ((float8)(half0.s0, half0.s2, half0.s4, half0.s6, half1.s0, half1.s2, half1.s4, half1.s6)));
                            }
                        }
                        else {
                            ST(float8, to + 240 + 0, (float8)(0));
                            ST(float8, to + 240 + 0 + 6, (float8)(0));
                        }
                    }
                }
            }
        }
        for (int tile = 0; tile < 1; tile++) {
            __global const float* const panel = panels + ((size_t)group * 1 + tile) * 108;
            for (int q = 0; q < 4; q += 4) {
                const int number0 = q;
                const int at0 = (number0) / 1 * 15 + 0;
                const int number1 = q + 1;
                const int at1 = (number1) / 1 * 15 + 0;
                const int number2 = q + 2;
                const int at2 = (number2) / 1 * 15 + 0;
                const int number3 = q + 3;
                const int at3 = (number3) / 1 * 15 + 0;
                float16 sum0_0 = (float16)(0);
                float16 sum0_1 = (float16)(0);
                float16 sum0_2 = (float16)(0);
                float16 sum0_3 = (float16)(0);
                float16 sum1_0 = (float16)(0);
                float16 sum1_1 = (float16)(0);
                float16 sum1_2 = (float16)(0);
                float16 sum1_3 = (float16)(0);
                float16 sum2_0 = (float16)(0);
                float16 sum2_1 = (float16)(0);
                float16 sum2_2 = (float16)(0);
                float16 sum2_3 = (float16)(0);
                float16 sum3_0 = (float16)(0);
                float16 sum3_1 = (float16)(0);
                float16 sum3_2 = (float16)(0);
                float16 sum3_3 = (float16)(0);
                for (int c = 0; c < 3; c++) {
                    __global const float* const from = canvas + c * 320;
                    __global const float* const filter = panel + c * 36;
                     {
                        const float16 right0 = LD(float16, from + at0 + 0);
                        const float16 right1 = LD(float16, from + at1 + 0);
                        const float16 right2 = LD(float16, from + at2 + 0);
                        const float16 right3 = LD(float16, from + at3 + 0);
                         {
                            const float16 left = (float16)(filter[0]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[1]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[2]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[3]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 80);
                        const float16 right1 = LD(float16, from + at1 + 80);
                        const float16 right2 = LD(float16, from + at2 + 80);
                        const float16 right3 = LD(float16, from + at3 + 80);
                         {
                            const float16 left = (float16)(filter[4]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[5]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[6]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[7]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 1);
                        const float16 right1 = LD(float16, from + at1 + 1);
                        const float16 right2 = LD(float16, from + at2 + 1);
                        const float16 right3 = LD(float16, from + at3 + 1);
                         {
                            const float16 left = (float16)(filter[8]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[9]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[10]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[11]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 160);
                        const float16 right1 = LD(float16, from + at1 + 160);
                        const float16 right2 = LD(float16, from + at2 + 160);
                        const float16 right3 = LD(float16, from + at3 + 160);
                         {
                            const float16 left = (float16)(filter[12]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[13]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[14]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[15]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 240);
                        const float16 right1 = LD(float16, from + at1 + 240);
                        const float16 right2 = LD(float16, from + at2 + 240);
                        const float16 right3 = LD(float16, from + at3 + 240);
                         {
                            const float16 left = (float16)(filter[16]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[17]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[18]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[19]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 161);
                        const float16 right1 = LD(float16, from + at1 + 161);
                        const float16 right2 = LD(float16, from + at2 + 161);
                        const float16 right3 = LD(float16, from + at3 + 161);
                         {
                            const float16 left = (float16)(filter[20]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[21]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[22]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[23]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 15);
                        const float16 right1 = LD(float16, from + at1 + 15);
                        const float16 right2 = LD(float16, from + at2 + 15);
                        const float16 right3 = LD(float16, from + at3 + 15);
                         {
                            const float16 left = (float16)(filter[24]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[25]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[26]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[27]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 95);
                        const float16 right1 = LD(float16, from + at1 + 95);
                        const float16 right2 = LD(float16, from + at2 + 95);
                        const float16 right3 = LD(float16, from + at3 + 95);
                         {
                            const float16 left = (float16)(filter[28]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[29]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[30]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[31]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                     {
                        const float16 right0 = LD(float16, from + at0 + 16);
                        const float16 right1 = LD(float16, from + at1 + 16);
                        const float16 right2 = LD(float16, from + at2 + 16);
                        const float16 right3 = LD(float16, from + at3 + 16);
                         {
                            const float16 left = (float16)(filter[32]);
                            sum0_0 = left * right0 + sum0_0;
                            sum0_1 = left * right1 + sum0_1;
                            sum0_2 = left * right2 + sum0_2;
                            sum0_3 = left * right3 + sum0_3;
                        }
                         {
                            const float16 left = (float16)(filter[33]);
                            sum1_0 = left * right0 + sum1_0;
                            sum1_1 = left * right1 + sum1_1;
                            sum1_2 = left * right2 + sum1_2;
                            sum1_3 = left * right3 + sum1_3;
                        }
                         {
                            const float16 left = (float16)(filter[34]);
                            sum2_0 = left * right0 + sum2_0;
                            sum2_1 = left * right1 + sum2_1;
                            sum2_2 = left * right2 + sum2_2;
                            sum2_3 = left * right3 + sum2_3;
                        }
                         {
                            const float16 left = (float16)(filter[35]);
                            sum3_0 = left * right0 + sum3_0;
                            sum3_1 = left * right1 + sum3_1;
                            sum3_2 = left * right2 + sum3_2;
                            sum3_3 = left * right3 + sum3_3;
                        }
                    }
                }
                ST(float16, results + (0 + at0), sum0_0);
                ST(float16, results + (0 + at1), sum0_1);
                ST(float16, results + (0 + at2), sum0_2);
                ST(float16, results + (0 + at3), sum0_3);
                ST(float16, results + (192 + at0), sum1_0);
                ST(float16, results + (192 + at1), sum1_1);
                ST(float16, results + (192 + at2), sum1_2);
                ST(float16, results + (192 + at3), sum1_3);
                ST(float16, results + (384 + at0), sum2_0);
                ST(float16, results + (384 + at1), sum2_1);
                ST(float16, results + (384 + at2), sum2_2);
                ST(float16, results + (384 + at3), sum2_3);
                ST(float16, results + (576 + at0), sum3_0);
                ST(float16, results + (576 + at1), sum3_1);
                ST(float16, results + (576 + at2), sum3_2);
                ST(float16, results + (576 + at3), sum3_3);
            }
            for (int r = 0; r < 4; r++) {
                const int i = tile * 4 + r;
                for (int im = 0; im < 1; im++) {
                    const int n = first_image + im;
                    const int batch = n * 1 + group;
                    for (int y = 0; y < 4; y++) {
                        if (first_row + y >= 7) break;
                        __global const float* const line = results + (r * 192 + im * 75 + y * 15);
                        const int start = (first_row + y) * 14;
                        for (int over = 0; over < 14; over += 8) {
                            const int x = over + 8 <= 14 ? over : 6;
                             {
                                const int j = start + x;
                                const float8 value = LD(float8, line + x);
                                ST(float8, e0 + (392*batch + 98*i + j), value);
                            }
                        }
                    }
                }
            }
        }
    }
}

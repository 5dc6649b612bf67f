// k0 (8, 1, 1) (1, 1, 1): dot+reshape
// k1 (1, 1, 1) (1, 1, 1): add of dot+reshape
// kernel 0: reshape (6, 2, 3, 3) float32: an output of the program
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void k0(
    __global const float* image,
    __global const float* results,
    __global float* own) {
    const size_t item = get_global_id(0);
    const size_t size = 1600;
    __global float* const sums = own + (item * size + 0);
    __global float* const canvas = own + (item * size + 192);
    __global float* const grads = own + (item * size + 576);
    for (int at = 0; at < 120; at += 16) {
        ST(float16, sums + at, (float16)(0));
    }
    for (int at = 0; at < 320; at += 16) {
        ST(float16, canvas + at, (float16)(0));
    }
    for (int at = 0; at < 960; at += 16) {
        ST(float16, grads + at, (float16)(0));
    }
    const int place[9] = {0, 1, 2, 15, 16, 17, 30, 31, 32};
    for (int job = (int)item; job < 8; job += 8) {
        const int group = job % 1;
        const int rest = job / 1;
        const int first_row = rest % 2 * 7;
        const int first_image = rest / 2 * 1;
        for (int c = 0; c < 2; c++) {
            for (int im = 0; im < 1; im++) {
                const int n = first_image;
                __global const float* const plane = image + (-15L + (long)n * 392 + (long)group * 0 + (long)c * 196);
                for (int i = 0; i < 9; i++) {
                    __global float* const to = canvas + (c * 160 + im * 135 + i * 15);
                     {
                        const int row = first_row * 1 + i * 1 + 0;
                        const int inside = row >= 1 && row < 15;
                        __global const float* const from = plane + (long)row * 14;
                        if (inside) {
                            ST(float8, to + 0 + 1, LD(float8, from + 1 + 0));
                            ST(float8, to + 0 + 1 + 6, LD(float8, from + 1 + 6));
                        }
                        else {
                            ST(float8, to + 0 + 1, (float8)(0));
                            ST(float8, to + 0 + 1 + 6, (float8)(0));
                        }
                    }
                }
            }
        }
        for (int c = 0; c < 6; c++) {
            for (int im = 0; im < 1; im++) {
                const int n = first_image + im < 3 ? first_image + im : 3;
                __global const float* const plane = results + (0L + (long)n * 1176 + (long)group * 0 + (long)c * 196);
                for (int i = 0; i < 7; i++) {
                    __global float* const to = grads + (c * 160 + im * 135 + i * 15);
                     {
                        const int row = first_row * 1 + i * 1 + 0;
                        const int inside = row >= 0 && row < 14 && first_image + im < 4;
                        __global const float* const from = plane + (long)row * 14;
                        if (inside) {
                            ST(float8, to + 0 + 0, LD(float8, from + 0 + 0));
                            ST(float8, to + 0 + 0 + 6, LD(float8, from + 0 + 6));
                        }
                        else {
                            ST(float8, to + 0 + 0, (float8)(0));
                            ST(float8, to + 0 + 0 + 6, (float8)(0));
                        }
                    }
                }
            }
        }
        for (int tile = 0; tile < 1; tile++) {
            __global const float* const right = grads + tile * 960;
            for (int chunk = 0; chunk < 5; chunk++) {
                const int d0 = chunk * 4 + 0 < 17 ? chunk * 4 + 0 : 17;
                __global const float* const from0 = canvas + (d0 / 9 * 160 + place[d0 % 9]);
                const int d1 = chunk * 4 + 1 < 17 ? chunk * 4 + 1 : 17;
                __global const float* const from1 = canvas + (d1 / 9 * 160 + place[d1 % 9]);
                const int d2 = chunk * 4 + 2 < 17 ? chunk * 4 + 2 : 17;
                __global const float* const from2 = canvas + (d2 / 9 * 160 + place[d2 % 9]);
                const int d3 = chunk * 4 + 3 < 17 ? chunk * 4 + 3 : 17;
                __global const float* const from3 = canvas + (d3 / 9 * 160 + place[d3 % 9]);
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
                float16 sum4_0 = (float16)(0);
                float16 sum4_1 = (float16)(0);
                float16 sum4_2 = (float16)(0);
                float16 sum4_3 = (float16)(0);
                float16 sum5_0 = (float16)(0);
                float16 sum5_1 = (float16)(0);
                float16 sum5_2 = (float16)(0);
                float16 sum5_3 = (float16)(0);
                for (int at = 0; at < 104; at += 16) {
                    const float16 left0 = LD(float16, from0 + at);
                    const float16 left1 = LD(float16, from1 + at);
                    const float16 left2 = LD(float16, from2 + at);
                    const float16 left3 = LD(float16, from3 + at);
                     {
                        const float16 grad = LD(float16, right + at + 0);
                        sum0_0 = grad * left0 + sum0_0;
                        sum0_1 = grad * left1 + sum0_1;
                        sum0_2 = grad * left2 + sum0_2;
                        sum0_3 = grad * left3 + sum0_3;
                    }
                     {
                        const float16 grad = LD(float16, right + at + 160);
                        sum1_0 = grad * left0 + sum1_0;
                        sum1_1 = grad * left1 + sum1_1;
                        sum1_2 = grad * left2 + sum1_2;
                        sum1_3 = grad * left3 + sum1_3;
                    }
                     {
                        const float16 grad = LD(float16, right + at + 320);
                        sum2_0 = grad * left0 + sum2_0;
                        sum2_1 = grad * left1 + sum2_1;
                        sum2_2 = grad * left2 + sum2_2;
                        sum2_3 = grad * left3 + sum2_3;
                    }
                     {
                        const float16 grad = LD(float16, right + at + 480);
                        sum3_0 = grad * left0 + sum3_0;
                        sum3_1 = grad * left1 + sum3_1;
                        sum3_2 = grad * left2 + sum3_2;
                        sum3_3 = grad * left3 + sum3_3;
                    }
                     {
                        const float16 grad = LD(float16, right + at + 640);
                        sum4_0 = grad * left0 + sum4_0;
                        sum4_1 = grad * left1 + sum4_1;
                        sum4_2 = grad * left2 + sum4_2;
                        sum4_3 = grad * left3 + sum4_3;
                    }
                     {
                        const float16 grad = LD(float16, right + at + 800);
                        sum5_0 = grad * left0 + sum5_0;
                        sum5_1 = grad * left1 + sum5_1;
                        sum5_2 = grad * left2 + sum5_2;
                        sum5_3 = grad * left3 + sum5_3;
                    }
                }
                __global float* const total = sums + (((group * 1 + tile) * 5 + chunk) * 24);
                const float16 fold0_0_0 = (float16)(sum0_0.s0, sum0_0.s1, sum0_0.s2, sum0_0.s3, sum0_0.s4, sum0_0.s5, sum0_0.s6, sum0_0.s7, sum0_1.s0, sum0_1.s1, sum0_1.s2, sum0_1.s3, sum0_1.s4, sum0_1.s5, sum0_1.s6, sum0_1.s7) + (float16)(sum0_0.s8, sum0_0.s9, sum0_0.sa, sum0_0.sb, sum0_0.sc, sum0_0.sd, sum0_0.se, sum0_0.sf, sum0_1.s8, sum0_1.s9, sum0_1.sa, sum0_1.sb, sum0_1.sc, sum0_1.sd, sum0_1.se, sum0_1.sf);
                const float16 fold0_0_1 = (float16)(sum0_2.s0, sum0_2.s1, sum0_2.s2, sum0_2.s3, sum0_2.s4, sum0_2.s5, sum0_2.s6, sum0_2.s7, sum0_3.s0, sum0_3.s1, sum0_3.s2, sum0_3.s3, sum0_3.s4, sum0_3.s5, sum0_3.s6, sum0_3.s7) + (float16)(sum0_2.s8, sum0_2.s9, sum0_2.sa, sum0_2.sb, sum0_2.sc, sum0_2.sd, sum0_2.se, sum0_2.sf, sum0_3.s8, sum0_3.s9, sum0_3.sa, sum0_3.sb, sum0_3.sc, sum0_3.sd, sum0_3.se, sum0_3.sf);
                const float16 fold0_0_2 = (float16)(sum1_0.s0, sum1_0.s1, sum1_0.s2, sum1_0.s3, sum1_0.s4, sum1_0.s5, sum1_0.s6, sum1_0.s7, sum1_1.s0, sum1_1.s1, sum1_1.s2, sum1_1.s3, sum1_1.s4, sum1_1.s5, sum1_1.s6, sum1_1.s7) + (float16)(sum1_0.s8, sum1_0.s9, sum1_0.sa, sum1_0.sb, sum1_0.sc, sum1_0.sd, sum1_0.se, sum1_0.sf, sum1_1.s8, sum1_1.s9, sum1_1.sa, sum1_1.sb, sum1_1.sc, sum1_1.sd, sum1_1.se, sum1_1.sf);
                const float16 fold0_0_3 = (float16)(sum1_2.s0, sum1_2.s1, sum1_2.s2, sum1_2.s3, sum1_2.s4, sum1_2.s5, sum1_2.s6, sum1_2.s7, sum1_3.s0, sum1_3.s1, sum1_3.s2, sum1_3.s3, sum1_3.s4, sum1_3.s5, sum1_3.s6, sum1_3.s7) + (float16)(sum1_2.s8, sum1_2.s9, sum1_2.sa, sum1_2.sb, sum1_2.sc, sum1_2.sd, sum1_2.se, sum1_2.sf, sum1_3.s8, sum1_3.s9, sum1_3.sa, sum1_3.sb, sum1_3.sc, sum1_3.sd, sum1_3.se, sum1_3.sf);
                const float16 fold0_0_4 = (float16)(sum2_0.s0, sum2_0.s1, sum2_0.s2, sum2_0.s3, sum2_0.s4, sum2_0.s5, sum2_0.s6, sum2_0.s7, sum2_1.s0, sum2_1.s1, sum2_1.s2, sum2_1.s3, sum2_1.s4, sum2_1.s5, sum2_1.s6, sum2_1.s7) + (float16)(sum2_0.s8, sum2_0.s9, sum2_0.sa, sum2_0.sb, sum2_0.sc, sum2_0.sd, sum2_0.se, sum2_0.sf, sum2_1.s8, sum2_1.s9, sum2_1.sa, sum2_1.sb, sum2_1.sc, sum2_1.sd, sum2_1.se, sum2_1.sf);
                const float16 fold0_0_5 = (float16)(sum2_2.s0, sum2_2.s1, sum2_2.s2, sum2_2.s3, sum2_2.s4, sum2_2.s5, sum2_2.s6, sum2_2.s7, sum2_3.s0, sum2_3.s1, sum2_3.s2, sum2_3.s3, sum2_3.s4, sum2_3.s5, sum2_3.s6, sum2_3.s7) + (float16)(sum2_2.s8, sum2_2.s9, sum2_2.sa, sum2_2.sb, sum2_2.sc, sum2_2.sd, sum2_2.se, sum2_2.sf, sum2_3.s8, sum2_3.s9, sum2_3.sa, sum2_3.sb, sum2_3.sc, sum2_3.sd, sum2_3.se, sum2_3.sf);
                const float16 fold0_0_6 = (float16)(sum3_0.s0, sum3_0.s1, sum3_0.s2, sum3_0.s3, sum3_0.s4, sum3_0.s5, sum3_0.s6, sum3_0.s7, sum3_1.s0, sum3_1.s1, sum3_1.s2, sum3_1.s3, sum3_1.s4, sum3_1.s5, sum3_1.s6, sum3_1.s7) + (float16)(sum3_0.s8, sum3_0.s9, sum3_0.sa, sum3_0.sb, sum3_0.sc, sum3_0.sd, sum3_0.se, sum3_0.sf, sum3_1.s8, sum3_1.s9, sum3_1.sa, sum3_1.sb, sum3_1.sc, sum3_1.sd, sum3_1.se, sum3_1.sf);
                const float16 fold0_0_7 = (float16)(sum3_2.s0, sum3_2.s1, sum3_2.s2, sum3_2.s3, sum3_2.s4, sum3_2.s5, sum3_2.s6, sum3_2.s7, sum3_3.s0, sum3_3.s1, sum3_3.s2, sum3_3.s3, sum3_3.s4, sum3_3.s5, sum3_3.s6, sum3_3.s7) + (float16)(sum3_2.s8, sum3_2.s9, sum3_2.sa, sum3_2.sb, sum3_2.sc, sum3_2.sd, sum3_2.se, sum3_2.sf, sum3_3.s8, sum3_3.s9, sum3_3.sa, sum3_3.sb, sum3_3.sc, sum3_3.sd, sum3_3.se, sum3_3.sf);
                const float16 fold0_1_0 = (float16)(fold0_0_0.s0, fold0_0_0.s1, fold0_0_0.s2, fold0_0_0.s3, fold0_0_0.s8, fold0_0_0.s9, fold0_0_0.sa, fold0_0_0.sb, fold0_0_1.s0, fold0_0_1.s1, fold0_0_1.s2, fold0_0_1.s3, fold0_0_1.s8, fold0_0_1.s9, fold0_0_1.sa, fold0_0_1.sb) + (float16)(fold0_0_0.s4, fold0_0_0.s5, fold0_0_0.s6, fold0_0_0.s7, fold0_0_0.sc, fold0_0_0.sd, fold0_0_0.se, fold0_0_0.sf, fold0_0_1.s4, fold0_0_1.s5, fold0_0_1.s6, fold0_0_1.s7, fold0_0_1.sc, fold0_0_1.sd, fold0_0_1.se, fold0_0_1.sf);
                const float16 fold0_1_1 = (float16)(fold0_0_2.s0, fold0_0_2.s1, fold0_0_2.s2, fold0_0_2.s3, fold0_0_2.s8, fold0_0_2.s9, fold0_0_2.sa, fold0_0_2.sb, fold0_0_3.s0, fold0_0_3.s1, fold0_0_3.s2, fold0_0_3.s3, fold0_0_3.s8, fold0_0_3.s9, fold0_0_3.sa, fold0_0_3.sb) + (float16)(fold0_0_2.s4, fold0_0_2.s5, fold0_0_2.s6, fold0_0_2.s7, fold0_0_2.sc, fold0_0_2.sd, fold0_0_2.se, fold0_0_2.sf, fold0_0_3.s4, fold0_0_3.s5, fold0_0_3.s6, fold0_0_3.s7, fold0_0_3.sc, fold0_0_3.sd, fold0_0_3.se, fold0_0_3.sf);
                const float16 fold0_1_2 = (float16)(fold0_0_4.s0, fold0_0_4.s1, fold0_0_4.s2, fold0_0_4.s3, fold0_0_4.s8, fold0_0_4.s9, fold0_0_4.sa, fold0_0_4.sb, fold0_0_5.s0, fold0_0_5.s1, fold0_0_5.s2, fold0_0_5.s3, fold0_0_5.s8, fold0_0_5.s9, fold0_0_5.sa, fold0_0_5.sb) + (float16)(fold0_0_4.s4, fold0_0_4.s5, fold0_0_4.s6, fold0_0_4.s7, fold0_0_4.sc, fold0_0_4.sd, fold0_0_4.se, fold0_0_4.sf, fold0_0_5.s4, fold0_0_5.s5, fold0_0_5.s6, fold0_0_5.s7, fold0_0_5.sc, fold0_0_5.sd, fold0_0_5.se, fold0_0_5.sf);
                const float16 fold0_1_3 = (float16)(fold0_0_6.s0, fold0_0_6.s1, fold0_0_6.s2, fold0_0_6.s3, fold0_0_6.s8, fold0_0_6.s9, fold0_0_6.sa, fold0_0_6.sb, fold0_0_7.s0, fold0_0_7.s1, fold0_0_7.s2, fold0_0_7.s3, fold0_0_7.s8, fold0_0_7.s9, fold0_0_7.sa, fold0_0_7.sb) + (float16)(fold0_0_6.s4, fold0_0_6.s5, fold0_0_6.s6, fold0_0_6.s7, fold0_0_6.sc, fold0_0_6.sd, fold0_0_6.se, fold0_0_6.sf, fold0_0_7.s4, fold0_0_7.s5, fold0_0_7.s6, fold0_0_7.s7, fold0_0_7.sc, fold0_0_7.sd, fold0_0_7.se, fold0_0_7.sf);
                const float16 fold0_2_0 = (float16)(fold0_1_0.s0, fold0_1_0.s1, fold0_1_0.s4, fold0_1_0.s5, fold0_1_0.s8, fold0_1_0.s9, fold0_1_0.sc, fold0_1_0.sd, fold0_1_1.s0, fold0_1_1.s1, fold0_1_1.s4, fold0_1_1.s5, fold0_1_1.s8, fold0_1_1.s9, fold0_1_1.sc, fold0_1_1.sd) + (float16)(fold0_1_0.s2, fold0_1_0.s3, fold0_1_0.s6, fold0_1_0.s7, fold0_1_0.sa, fold0_1_0.sb, fold0_1_0.se, fold0_1_0.sf, fold0_1_1.s2, fold0_1_1.s3, fold0_1_1.s6, fold0_1_1.s7, fold0_1_1.sa, fold0_1_1.sb, fold0_1_1.se, fold0_1_1.sf);
                const float16 fold0_2_1 = (float16)(fold0_1_2.s0, fold0_1_2.s1, fold0_1_2.s4, fold0_1_2.s5, fold0_1_2.s8, fold0_1_2.s9, fold0_1_2.sc, fold0_1_2.sd, fold0_1_3.s0, fold0_1_3.s1, fold0_1_3.s4, fold0_1_3.s5, fold0_1_3.s8, fold0_1_3.s9, fold0_1_3.sc, fold0_1_3.sd) + (float16)(fold0_1_2.s2, fold0_1_2.s3, fold0_1_2.s6, fold0_1_2.s7, fold0_1_2.sa, fold0_1_2.sb, fold0_1_2.se, fold0_1_2.sf, fold0_1_3.s2, fold0_1_3.s3, fold0_1_3.s6, fold0_1_3.s7, fold0_1_3.sa, fold0_1_3.sb, fold0_1_3.se, fold0_1_3.sf);
                const float16 fold0_3_0 = (float16)(fold0_2_0.s0, fold0_2_0.s2, fold0_2_0.s4, fold0_2_0.s6, fold0_2_0.s8, fold0_2_0.sa, fold0_2_0.sc, fold0_2_0.se, fold0_2_1.s0, fold0_2_1.s2, fold0_2_1.s4, fold0_2_1.s6, fold0_2_1.s8, fold0_2_1.sa, fold0_2_1.sc, fold0_2_1.se) + (float16)(fold0_2_0.s1, fold0_2_0.s3, fold0_2_0.s5, fold0_2_0.s7, fold0_2_0.s9, fold0_2_0.sb, fold0_2_0.sd, fold0_2_0.sf, fold0_2_1.s1, fold0_2_1.s3, fold0_2_1.s5, fold0_2_1.s7, fold0_2_1.s9, fold0_2_1.sb, fold0_2_1.sd, fold0_2_1.sf);
                ST(float16, total + 0, LD(float16, total + 0) + fold0_3_0);
                const float16 fold16_0_0 = (float16)(sum4_0.s0, sum4_0.s1, sum4_0.s2, sum4_0.s3, sum4_0.s4, sum4_0.s5, sum4_0.s6, sum4_0.s7, sum4_1.s0, sum4_1.s1, sum4_1.s2, sum4_1.s3, sum4_1.s4, sum4_1.s5, sum4_1.s6, sum4_1.s7) + (float16)(sum4_0.s8, sum4_0.s9, sum4_0.sa, sum4_0.sb, sum4_0.sc, sum4_0.sd, sum4_0.se, sum4_0.sf, sum4_1.s8, sum4_1.s9, sum4_1.sa, sum4_1.sb, sum4_1.sc, sum4_1.sd, sum4_1.se, sum4_1.sf);
                const float16 fold16_0_1 = (float16)(sum4_2.s0, sum4_2.s1, sum4_2.s2, sum4_2.s3, sum4_2.s4, sum4_2.s5, sum4_2.s6, sum4_2.s7, sum4_3.s0, sum4_3.s1, sum4_3.s2, sum4_3.s3, sum4_3.s4, sum4_3.s5, sum4_3.s6, sum4_3.s7) + (float16)(sum4_2.s8, sum4_2.s9, sum4_2.sa, sum4_2.sb, sum4_2.sc, sum4_2.sd, sum4_2.se, sum4_2.sf, sum4_3.s8, sum4_3.s9, sum4_3.sa, sum4_3.sb, sum4_3.sc, sum4_3.sd, sum4_3.se, sum4_3.sf);
                const float16 fold16_0_2 = (float16)(sum5_0.s0, sum5_0.s1, sum5_0.s2, sum5_0.s3, sum5_0.s4, sum5_0.s5, sum5_0.s6, sum5_0.s7, sum5_1.s0, sum5_1.s1, sum5_1.s2, sum5_1.s3, sum5_1.s4, sum5_1.s5, sum5_1.s6, sum5_1.s7) + (float16)(sum5_0.s8, sum5_0.s9, sum5_0.sa, sum5_0.sb, sum5_0.sc, sum5_0.sd, sum5_0.se, sum5_0.sf, sum5_1.s8, sum5_1.s9, sum5_1.sa, sum5_1.sb, sum5_1.sc, sum5_1.sd, sum5_1.se, sum5_1.sf);
                const float16 fold16_0_3 = (float16)(sum5_2.s0, sum5_2.s1, sum5_2.s2, sum5_2.s3, sum5_2.s4, sum5_2.s5, sum5_2.s6, sum5_2.s7, sum5_3.s0, sum5_3.s1, sum5_3.s2, sum5_3.s3, sum5_3.s4, sum5_3.s5, sum5_3.s6, sum5_3.s7) + (float16)(sum5_2.s8, sum5_2.s9, sum5_2.sa, sum5_2.sb, sum5_2.sc, sum5_2.sd, sum5_2.se, sum5_2.sf, sum5_3.s8, sum5_3.s9, sum5_3.sa, sum5_3.sb, sum5_3.sc, sum5_3.sd, sum5_3.se, sum5_3.sf);
                const float16 fold16_1_0 = (float16)(fold16_0_0.s0, fold16_0_0.s1, fold16_0_0.s2, fold16_0_0.s3, fold16_0_0.s8, fold16_0_0.s9, fold16_0_0.sa, fold16_0_0.sb, fold16_0_1.s0, fold16_0_1.s1, fold16_0_1.s2, fold16_0_1.s3, fold16_0_1.s8, fold16_0_1.s9, fold16_0_1.sa, fold16_0_1.sb) + (float16)(fold16_0_0.s4, fold16_0_0.s5, fold16_0_0.s6, fold16_0_0.s7, fold16_0_0.sc, fold16_0_0.sd, fold16_0_0.se, fold16_0_0.sf, fold16_0_1.s4, fold16_0_1.s5, fold16_0_1.s6, fold16_0_1.s7, fold16_0_1.sc, fold16_0_1.sd, fold16_0_1.se, fold16_0_1.sf);
                const float16 fold16_1_1 = (float16)(fold16_0_2.s0, fold16_0_2.s1, fold16_0_2.s2, fold16_0_2.s3, fold16_0_2.s8, fold16_0_2.s9, fold16_0_2.sa, fold16_0_2.sb, fold16_0_3.s0, fold16_0_3.s1, fold16_0_3.s2, fold16_0_3.s3, fold16_0_3.s8, fold16_0_3.s9, fold16_0_3.sa, fold16_0_3.sb) + (float16)(fold16_0_2.s4, fold16_0_2.s5, fold16_0_2.s6, fold16_0_2.s7, fold16_0_2.sc, fold16_0_2.sd, fold16_0_2.se, fold16_0_2.sf, fold16_0_3.s4, fold16_0_3.s5, fold16_0_3.s6, fold16_0_3.s7, fold16_0_3.sc, fold16_0_3.sd, fold16_0_3.se, fold16_0_3.sf);
                const float16 fold16_2_0 = (float16)(fold16_1_0.s0, fold16_1_0.s1, fold16_1_0.s4, fold16_1_0.s5, fold16_1_0.s8, fold16_1_0.s9, fold16_1_0.sc, fold16_1_0.sd, fold16_1_1.s0, fold16_1_1.s1, fold16_1_1.s4, fold16_1_1.s5, fold16_1_1.s8, fold16_1_1.s9, fold16_1_1.sc, fold16_1_1.sd) + (float16)(fold16_1_0.s2, fold16_1_0.s3, fold16_1_0.s6, fold16_1_0.s7, fold16_1_0.sa, fold16_1_0.sb, fold16_1_0.se, fold16_1_0.sf, fold16_1_1.s2, fold16_1_1.s3, fold16_1_1.s6, fold16_1_1.s7, fold16_1_1.sa, fold16_1_1.sb, fold16_1_1.se, fold16_1_1.sf);
                const float8 fold16_3_0 = (float8)(fold16_2_0.s0, fold16_2_0.s2, fold16_2_0.s4, fold16_2_0.s6, fold16_2_0.s8, fold16_2_0.sa, fold16_2_0.sc, fold16_2_0.se) + (float8)(fold16_2_0.s1, fold16_2_0.s3, fold16_2_0.s5, fold16_2_0.s7, fold16_2_0.s9, fold16_2_0.sb, fold16_2_0.sd, fold16_2_0.sf);
                ST(float8, total + 16, LD(float8, total + 16) + fold16_3_0);
            }
        }
    }
}
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void k1(
    __global float* e0,
    __global const float* own) {
    const int tile = (int)get_global_id(0);
    const int batch = (int)get_global_id(1);
    float total[32] __attribute__((aligned(64)));
    for (int chunk = 0; chunk < 5; chunk++) {
        __global const float* const first = own + (((size_t)batch * 1 + tile) * 5 + chunk) * 24;
        for (int at = 0; at < 24; at += 16) {
            float16 one = (float16)(0);
            for (int item = 0; item < 8; item++) one += LD(float16, first + ((size_t)item * 1600 + at));
            *(float16*)(total + at) = one;
        }
        for (int r = 0; r < 6; r++) {
            const int i = tile * 6 + r;
            for (int u = 0; u < 4; u++) {
                const int j = chunk * 4 + u;
                if (j >= 18) break;
                const float value = total[r * 4 + u];
                e0[18*i + j] = value;
            }
        }
    }
}

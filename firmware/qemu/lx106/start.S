/* The first instructions under QEMU. Calls are call0, as on the ESP8266; no literals, because none
   may stand behind the instruction that reads it. */

/* Where the core begins after a reset; on the chip this is its boot ROM. */
        .section .reset, "ax"
        .align  4
        .global reset
reset:  movi    a0, 0x402               /* _start, at 0x40200000: see sim.ld */
        slli    a0, a0, 20
        jx      a0

        .section .entry, "ax"
        .align  4
        .global _start
_start: movi    a1, 1                   /* the stack, below 0x40000000 */
        slli    a1, a1, 30
        addi    a1, a1, -16
        j       start                   /* a call would want a literal */

/* simcall(number, a, b, c): the outside, by QEMU's semihosting. */
        .section .text.simcall, "ax"
        .align  4
        .global simcall
simcall:
        .byte   0x00, 0x51, 0x00
        ret

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts that the guard's program is put together from. */
#ifndef NET_GUARD_PROGRAM_H
#define NET_GUARD_PROGRAM_H

#include "insn.h"
#include "net/guard.h"

/*
 * Registers that keep their meaning from part to part; 0 to 5 are the helpers' (kernel:
 * classic_vs_extended.rst). Offsets count from the Ethernet header, from which the core has taken
 * the outer VLAN tag.
 */
enum {
	GUARD_CTX = BPF_REG_6, /* struct __sk_buff */
	GUARD_AT = BPF_REG_7, /* offset of the header in hand */
	GUARD_END = BPF_REG_8, /* offset behind the IP packet, as its own length says */
	GUARD_NEXT = BPF_REG_9, /* what that header is: the protocol, later the ICMPv6 type */
};

/*
 * Places on the program's stack, below the frame pointer. The verifier wants loads from it
 * aligned, so the Ethernet header begins where its source address and what follows are.
 */
enum {
	GUARD_ETHERNET = -22, /* 14 bytes */
	GUARD_HEADER = -64, /* 40: ARP, IPv4 or IPv6 */
	GUARD_UPPER = -88, /* 24: UDP, ICMPv6 */
	GUARD_OPTION = -96, /* 8: an extension header, an option of ND, four bytes of ARP */
	GUARD_FRAGMENT = -100, /* 4: the packet has a fragment header */
};

/* The program while it is made: all labels below are bound once, by guard_build() or the parts. */
struct guard_build {
	struct insn_list *list;
	const struct tap_spec *spec;
	bool old_kernel;
	unsigned int pass; /* for the parts: by way of one of the next */
	unsigned int pass_mac; /* if no checksum is to be written into the Ethernet header */
	unsigned int pass_upper; /* if none is to be written ahead of GUARD_AT, or to fake DHCP */
	unsigned int pass_plain; /* if none is to be written at all */
	unsigned int drop[GUARD_DROPS];
	unsigned int arp, ipv4, ipv6, icmp6; /* what each begins with: GUARD_AT is its header */
};

/*
 * The whole program of a spec, whose guard is not off, into a zeroed list. The map's only element
 * is a struct guard_counters. old_kernel: before Linux 6.12, see guard_checksum.c. Fails as
 * insn_finish() does.
 */
int guard_build(const struct tap_spec *spec, bool old_kernel, int map_fd, struct insn_list *ret);

/* The parts, in their order. */
void guard_emit_ethernet(struct guard_build *build);
void guard_emit_arp(struct guard_build *build); /* and RARP */
void guard_emit_ipv4(struct guard_build *build);
void guard_emit_ipv6(struct guard_build *build);
void guard_emit_icmp6(struct guard_build *build);
void guard_emit_pass(struct guard_build *build); /* binds the labels pass_... */

uint16_t guard_bytes16(const uint8_t *bytes); /* as a program loads them */

/* Copy length bytes from GUARD_AT on to the stack; a frame that is shorter is dropped. */
void guard_emit_copy(struct guard_build *build, int16_t stack, int length);

void guard_emit_try_copy(struct guard_build *build, int16_t stack, int length,
			 unsigned int label); /* where a shorter one goes */

/* The same for what has to be within the IP packet, too. */
void guard_emit_copy_within(struct guard_build *build, int16_t stack, int length);

/* Jump where the MAC address on the stack (at an odd multiple of 2, or of 4) is not the guest's. */
void guard_emit_unless_mac(struct guard_build *build, int16_t stack, unsigned int label);

/* Jump where the address is one of the guest's; that in a register is as loaded, in net order. */
void guard_emit_if_own_ipv4(struct guard_build *build, int address, unsigned int label);
void guard_emit_if_own_ipv6(struct guard_build *build, int16_t stack, unsigned int label);

/* Jump where the source of the IPv6 header is :: (BPF_JEQ) or is not (BPF_JNE). */
void guard_emit_if_unspecified(struct guard_build *build, int op, unsigned int label);

#endif

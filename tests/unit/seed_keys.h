/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public keys of every kind, whole ones made by ssh-keygen and damaged ones made from them. */
#ifndef TESTS_SEED_KEYS_H
#define TESTS_SEED_KEYS_H

#define KEY_ED25519                                                                                \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v"

#define KEY_RSA_2048                                                                               \
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCjLs09X+pqLcaTd1mDOdd71RF+Ru1XbAMe9PBsbDct"         \
	"V6qMbReT3DJ+7m2bJMz2/5m4vK0qGD7v5/8SeKGVm2iIidGzKdOhWD1WxTNVdlkAk10vqVESsMG4LjWx"         \
	"F98WmWErexnyjgeud7zbNs1Kpl0JRmJAzLfP0m6/cxEwmkyJsuC0+ZJRy4VKs5NFXKnDNj934S74q421"         \
	"BiKR4WH0m1bsLZPZ/mgJuchAU+5eY8ABfWdd4+44Sk58/d+rqVAHZKM8OtNtHAoJytdtNUSpEeB10/gB"         \
	"chTSntk9bHD2PYxAkmHYZAkYqedgQK0zvV1Pg+FjC1kN6BbHXcuXJYDTGduD"

#define KEY_ECDSA_256                                                                              \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBODXE2e2"         \
	"og5+UgW4BlJp8AFgkoivDR9MIF8Y2dQvuzfManKA0CubBNLL2gb8lKQTzPgLhknP0FOuigphWQWITTo="

#define KEY_ECDSA_384                                                                              \
	"ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBAM3KSUC"         \
	"lqjDrEVXick0xv1agIFjV0NV1L8w/vuKjDr6m+LNKVesfDLAhaqDzNu7xVpYWO4qUMIOhyEgsAVRhj47"         \
	"BTrfenalPIfg2X2zMKxfwb+iY5EMKPNpvI7oC5sKzA=="

#define KEY_ECDSA_521                                                                              \
	"ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABruCai"         \
	"5o1bGCqv/Z4/pUvbHvHxZHjOhdx7xDmaTD7Nd9x5eejbWyIbc3UEhkUuiUH+lVTGmsnVabtmgGxw9tRq"         \
	"AgAA0sKMix3/+NT2NGbQpTMQB35X/+SB75TuEz+pEGjBAK0Q4SK6mpm5AodvTIOaH3m/zChCaVvRXwMu"         \
	"//5UhSkFIg=="

#define KEY_SK_ED25519                                                                             \
	"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIMa3D59hp"         \
	"gsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8vAAAABHNzaDo="

#define KEY_SK_ECDSA                                                                               \
	"sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNza"         \
	"C5jb20AAAAIbmlzdHAyNTYAAABBBODXE2e2og5+UgW4BlJp8AFgkoivDR9MIF8Y2dQvuzfManKA0CubB"         \
	"NLL2gb8lKQTzPgLhknP0FOuigphWQWITToAAAAEc3NoOg=="

static const struct damaged_key {
	const char *what, *line, *words;
} damaged_keys[] = {
	{ "an RSA key of 1024 bits",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCvtvGoU/DXso/uadWzkEMMpZdSlPH0yziHvCNudeQM"
	  "RmrOVNncjHx+B5LrEhx097Lwf69Y+ddqoq/q1c/48kkLvT811zQ61LlRwSkGDaFn2UqMcopyhe9Skv+Q"
	  "np2J8VzRd5A80K76UTSIOEZ0YK+zdd6GtL+no9KxZRWXWWMBow==",
	  "at least 2048" },
	{ "ed25519 in front, rsa inside",
	  "ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAABAQCjLs09X+pqLcaTd1mDOdd71RF+Ru1XbAMe9PBs"
	  "bDctV6qMbReT3DJ+7m2bJMz2/5m4vK0qGD7v5/8SeKGVm2iIidGzKdOhWD1WxTNVdlkAk10vqVESsMG4"
	  "LjWxF98WmWErexnyjgeud7zbNs1Kpl0JRmJAzLfP0m6/cxEwmkyJsuC0+ZJRy4VKs5NFXKnDNj934S74"
	  "q421BiKR4WH0m1bsLZPZ/mgJuchAU+5eY8ABfWdd4+44Sk58/d+rqVAHZKM8OtNtHAoJytdtNUSpEeB1"
	  "0/gBchTSntk9bHD2PYxAkmHYZAkYqedgQK0zvV1Pg+FjC1kN6BbHXcuXJYDTGduD",
	  "type inside" },
	{ "rsa in front, ed25519 inside",
	  "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v",
	  "type inside" },
	{ "nistp256 in front, nistp384 inside",
	  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBAM3KSUC"
	  "lqjDrEVXick0xv1agIFjV0NV1L8w/vuKjDr6m+LNKVesfDLAhaqDzNu7xVpYWO4qUMIOhyEgsAVRhj47"
	  "BTrfenalPIfg2X2zMKxfwb+iY5EMKPNpvI7oC5sKzA==",
	  "type inside" },
	{ "31 bytes of key",
	  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAH8a3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8=",
	  "32 bytes" },
	{ "33 bytes of key",
	  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIca3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v"
	  "eA==",
	  "32 bytes" },
	{ "a byte behind the key",
	  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v"
	  "eA==",
	  "goes on after its end" },
	{ "a second field behind the key",
	  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v"
	  "AAAABHNzaDo=",
	  "goes on after its end" },
	{ "no key field", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "32 bytes" },
	{ "a length that points past the end",
	  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5/////8a3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v",
	  "32 bytes" },
	{ "a type length past the end", "ssh-ed25519 f////3NzaC1lZDI1NTE5", "type inside" },
	{ "three bytes in all", "ssh-ed25519 AAAA", "type inside" },
	{ "an empty modulus", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAA==", "modulus" },
	{ "a negative modulus",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAKMuzT1f6motxpN3WYM513vVEX5G7VdsAx708GxsNy1X"
	  "qoxtF5PcMn7ubZskzPb/mbi8rSoYPu/n/xJ4oZWbaIiJ0bMp06FYPVbFM1V2WQCTXS+pURKwwbguNbEX"
	  "3xaZYSt7GfKOB653vNs2zUqmXQlGYkDMt8/Sbr9zETCaTImy4LT5klHLhUqzk0VcqcM2P3fhLvirjbUG"
	  "IpHhYfSbVuwtk9n+aAm5yEBT7l5jwAF9Z13j7jhKTnz936upUAdkozw6020cCgnK1201RKkR4HXT+AFy"
	  "FNKe2T1scPY9jECSYdhkCRip52BArTO9XU+D4WMLWQ3oFsddy5clgNMZ24M=",
	  "modulus" },
	{ "an even modulus",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCjLs09X+pqLcaTd1mDOdd71RF+Ru1XbAMe9PBsbDct"
	  "V6qMbReT3DJ+7m2bJMz2/5m4vK0qGD7v5/8SeKGVm2iIidGzKdOhWD1WxTNVdlkAk10vqVESsMG4LjWx"
	  "F98WmWErexnyjgeud7zbNs1Kpl0JRmJAzLfP0m6/cxEwmkyJsuC0+ZJRy4VKs5NFXKnDNj934S74q421"
	  "BiKR4WH0m1bsLZPZ/mgJuchAU+5eY8ABfWdd4+44Sk58/d+rqVAHZKM8OtNtHAoJytdtNUSpEeB10/gB"
	  "chTSntk9bHD2PYxAkmHYZAkYqedgQK0zvV1Pg+FjC1kN6BbHXcuXJYDTGduC",
	  "modulus" },
	{ "a modulus with a needless zero",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAgAAoy7NPV/qai3Gk3dZgznXe9URfkbtV2wDHvTwbGw3"
	  "LVeqjG0Xk9wyfu5tmyTM9v+ZuLytKhg+7+f/EnihlZtoiInRsynToVg9VsUzVXZZAJNdL6lRErDBuC41"
	  "sRffFplhK3sZ8o4Hrne82zbNSqZdCUZiQMy3z9Juv3MRMJpMibLgtPmSUcuFSrOTRVypwzY/d+Eu+KuN"
	  "tQYikeFh9JtW7C2T2f5oCbnIQFPuXmPAAX1nXePuOEpOfP3fq6lQB2SjPDrTbRwKCcrXbTVEqRHgddP4"
	  "AXIU0p7ZPWxw9j2MQJJh2GQJGKnnYECtM71dT4PhYwtZDegWx13LlyWA0xnbgw==",
	  "modulus" },
	{ "a modulus of one zero byte", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQA=", "modulus" },
	{ "2047 bits",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAGMuzT1f6motxpN3WYM513vVEX5G7VdsAx708GxsNy1X"
	  "qoxtF5PcMn7ubZskzPb/mbi8rSoYPu/n/xJ4oZWbaIiJ0bMp06FYPVbFM1V2WQCTXS+pURKwwbguNbEX"
	  "3xaZYSt7GfKOB653vNs2zUqmXQlGYkDMt8/Sbr9zETCaTImy4LT5klHLhUqzk0VcqcM2P3fhLvirjbUG"
	  "IpHhYfSbVuwtk9n+aAm5yEBT7l5jwAF9Z13j7jhKTnz936upUAdkozw6020cCgnK1201RKkR4HXT+AFy"
	  "FNKe2T1scPY9jECSYdhkCRip52BArTO9XU+D4WMLWQ3oFsddy5clgNMZ24M=",
	  "at least 2048" },
	{ "an exponent of 1",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAABAQAAAQEAoy7NPV/qai3Gk3dZgznXe9URfkbtV2wDHvTwbGw3LVeq"
	  "jG0Xk9wyfu5tmyTM9v+ZuLytKhg+7+f/EnihlZtoiInRsynToVg9VsUzVXZZAJNdL6lRErDBuC41sRff"
	  "FplhK3sZ8o4Hrne82zbNSqZdCUZiQMy3z9Juv3MRMJpMibLgtPmSUcuFSrOTRVypwzY/d+Eu+KuNtQYi"
	  "keFh9JtW7C2T2f5oCbnIQFPuXmPAAX1nXePuOEpOfP3fq6lQB2SjPDrTbRwKCcrXbTVEqRHgddP4AXIU"
	  "0p7ZPWxw9j2MQJJh2GQJGKnnYECtM71dT4PhYwtZDegWx13LlyWA0xnbgw==",
	  "exponent" },
	{ "an even exponent",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAAAAABAQCjLs09X+pqLcaTd1mDOdd71RF+Ru1XbAMe9PBsbDct"
	  "V6qMbReT3DJ+7m2bJMz2/5m4vK0qGD7v5/8SeKGVm2iIidGzKdOhWD1WxTNVdlkAk10vqVESsMG4LjWx"
	  "F98WmWErexnyjgeud7zbNs1Kpl0JRmJAzLfP0m6/cxEwmkyJsuC0+ZJRy4VKs5NFXKnDNj934S74q421"
	  "BiKR4WH0m1bsLZPZ/mgJuchAU+5eY8ABfWdd4+44Sk58/d+rqVAHZKM8OtNtHAoJytdtNUSpEeB10/gB"
	  "chTSntk9bHD2PYxAkmHYZAkYqedgQK0zvV1Pg+FjC1kN6BbHXcuXJYDTGduD",
	  "exponent" },
	{ "no exponent",
	  "ssh-rsa AAAAB3NzaC1yc2EAAAAAAAABAQCjLs09X+pqLcaTd1mDOdd71RF+Ru1XbAMe9PBsbDctV6qM"
	  "bReT3DJ+7m2bJMz2/5m4vK0qGD7v5/8SeKGVm2iIidGzKdOhWD1WxTNVdlkAk10vqVESsMG4LjWxF98W"
	  "mWErexnyjgeud7zbNs1Kpl0JRmJAzLfP0m6/cxEwmkyJsuC0+ZJRy4VKs5NFXKnDNj934S74q421BiKR"
	  "4WH0m1bsLZPZ/mgJuchAU+5eY8ABfWdd4+44Sk58/d+rqVAHZKM8OtNtHAoJytdtNUSpEeB10/gBchTS"
	  "ntk9bHD2PYxAkmHYZAkYqedgQK0zvV1Pg+FjC1kN6BbHXcuXJYDTGduD",
	  "exponent" },
	{ "another curve named inside",
	  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAzODQAAABBBODXE2e2"
	  "og5+UgW4BlJp8AFgkoivDR9MIF8Y2dQvuzfManKA0CubBNLL2gb8lKQTzPgLhknP0FOuigphWQWITTo=",
	  "curve" },
	{ "a compressed point",
	  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAAhAuDXE2e2"
	  "og5+UgW4BlJp8AFgkoivDR9MIF8Y2dQvuzfM",
	  "point" },
	{ "a point that is not marked as uncompressed",
	  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBeDXE2e2"
	  "og5+UgW4BlJp8AFgkoivDR9MIF8Y2dQvuzfManKA0CubBNLL2gb8lKQTzPgLhknP0FOuigphWQWITTo=",
	  "point" },
	{ "an empty point",
	  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAAA", "point" },
	{ "a hardware key without application",
	  "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIMa3D59hp"
	  "gsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v",
	  "application" },
	{ "a hardware key with an empty application",
	  "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIMa3D59hp"
	  "gsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8vAAAAAA==",
	  "application" },
	{ "a hardware key that goes on",
	  "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNza"
	  "C5jb20AAAAIbmlzdHAyNTYAAABBBODXE2e2og5+UgW4BlJp8AFgkoivDR9MIF8Y2dQvuzfManKA0CubB"
	  "NLL2gb8lKQTzPgLhknP0FOuigphWQWITToAAAAEc3NoOng=",
	  "goes on after its end" },
};

#endif

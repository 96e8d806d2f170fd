"""What the decoding process may still do: use the processor and memory it was given, read its input, answer.

Called in the child after everything it needs is imported and before it looks at a byte of a file from outside.
Resource limits hold on every POSIX system. On Linux (x86-64 and 64-bit ARM) a seccomp filter also refuses every
system call that a decoder has no use for: no socket, no new process, no signal to anybody, no change to a folder.
"""

import contextlib
import ctypes
import errno
import math
import os
import resource
import struct
import sys

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_CLONE_THREAD = 0x10000
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000
"""SECCOMP_RET_ERRNO; the low half is the errno that the caller sees (linux/seccomp.h)."""

_LOAD_WORD, _JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
"""BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JSET|K, BPF_RET|K (linux/bpf_common.h)."""
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT = 0, 4, 16
"""Offsets in struct seccomp_data; both machines are little-endian, so offset 16 is the argument's low half."""

# machine -> (AUDIT_ARCH, clone, clone3, numbers of the calls that stay open).
# In this order: read write readv writev pread64 lseek close fstat newfstatat mmap mprotect munmap mremap brk madvise
# rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack nanosleep clock_nanosleep clock_gettime clock_getres
# gettimeofday getpid gettid uname sysinfo getrusage futex sched_yield sched_getaffinity restart_syscall exit
# exit_group set_robust_list getrandom membarrier rseq ppoll.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        56,
        435,
        "0 1 19 20 17 8 3 5 262 9 10 11 25 12 28 13 14 15 131 35 230 228 229 "
        "96 39 186 63 99 98 202 24 204 219 60 231 273 318 324 334 271",
    ),
    "aarch64": (
        0xC00000B7,
        220,
        435,
        "63 64 65 66 67 62 57 80 79 222 226 215 216 214 233 134 135 139 132 101 115 113 114 "
        "169 172 178 160 179 165 98 124 123 128 93 94 99 278 283 293 73",
    ),
}


def confine(memory_bytes: int, cpu_s: float) -> None:
    """Limit this process for good; nothing in it can lift the limits again."""
    seconds = max(1, math.ceil(cpu_s))
    for what, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        # Files that are open stay open; not one more can be opened, whatever a playlist or a header asks for.
        (resource.RLIMIT_NOFILE, 0, 0),
        # The soft limit ends the process with a signal that tells why; at the hard one it would just be killed.
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
    ):
        _lower(what, soft, hard)
    if sys.platform == "linux" and sys.maxsize > 2**32:
        _filter_system_calls()


def _lower(what: int, soft: int, hard: int) -> None:
    """Set a limit, or keep the lower one that the process was started with."""
    given = resource.getrlimit(what)[1]
    if given != resource.RLIM_INFINITY:
        soft, hard = min(soft, given), min(hard, given)
    # A system may know a limit and not let it be set (RLIMIT_AS on macOS); the others still hold.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (soft, hard))


def _filter_system_calls() -> None:
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return
    architecture, clone, clone3, open_calls = machine
    refuse = _REFUSE | errno.EPERM
    program = [
        (_LOAD_WORD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, refuse),
        (_LOAD_WORD, 0, 0, _AT_NUMBER),
    ]
    for number in map(int, open_calls.split()):
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    # A thread is no danger (the resampler starts one), a process is. What clone3 asks for lies in memory where a
    # filter can't look, so it is "not implemented" and the C library falls back to clone.
    program += [
        (_JUMP_EQUAL, 0, 1, clone3),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
        (_JUMP_EQUAL, 0, 3, clone),
        (_LOAD_WORD, 0, 0, _AT_FIRST_ARGUMENT),
        (_JUMP_BITS, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, refuse),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    # struct sock_fprog: the number of instructions, and where they lie.
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    # A kernel without seccomp answers -1; the resource limits hold all the same.
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) == 0:
        libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), header, zero, zero)

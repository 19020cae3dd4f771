"""Calls of Linux that Python's library does not have. Each raises OSError where the kernel refuses or lacks it."""

import ctypes
import os
import sys
from collections.abc import Iterable
from struct import pack

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_NO_NEW_PRIVS = 38
"""linux/sched.h, linux/prctl.h."""

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls, the same numbers on every architecture (Documentation/userspace-api/landlock.rst)."""

ASK_VERSION = 1
PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
ALL_FILE_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""Rights on files, and the version of Landlock that first knew them."""

TCP_VERSION, TCP_RIGHTS = 4, 0b11
"""Binding and connecting."""

SCOPE_VERSION, SCOPES = 6, 0b11
"""Abstract sockets and signals of others."""


def _call(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _libc() -> ctypes.CDLL:
    if sys.platform != "linux":
        raise OSError("this is not Linux")
    return ctypes.CDLL(None, use_errno=True)


def leave_network() -> None:
    """A network of this process's own, without any address. As root, or where users may make namespaces."""
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET
    if _libc().unshare(flags) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def take_no_new_privileges() -> None:
    """Nothing that this process starts can become more than it is."""
    if _libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def forbid_files(readable: Iterable[str], *, tcp: bool, scopes: bool) -> None:
    """Landlock: from here on only what lies in `readable` can be opened, and only for reading.

    Without `tcp` no TCP either, where the kernel knows how; without `scopes` no signals to other processes.
    Needs take_no_new_privileges first, or root.
    """
    version = _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    rights = sum(bits for since, bits in ALL_FILE_RIGHTS if version >= since)
    attributes = pack("QQQ", rights, 0 if tcp else TCP_RIGHTS, 0 if scopes else SCOPES)
    size = 24 if version >= SCOPE_VERSION else 16 if version >= TCP_VERSION else 8
    rules = _call(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for path in readable:
            _allow(rules, path)
        _call(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rights = READ_FILE | READ_DIR if os.path.isdir(path) else READ_FILE
        rule = pack("=Qi", rights, place)
        _call(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)

import sys

import pytest

from vitrine.confinement import kernel


def test_elsewhere_than_on_linux_each_call_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for call in (kernel.leave_network, kernel.take_no_new_privileges):
        with pytest.raises(OSError, match="not Linux"):
            call()
    with pytest.raises(OSError, match="not Linux"):
        kernel.forbid_files([], tcp=False, scopes=False)


def test_a_refusal_has_the_kernels_own_words() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        kernel._call(kernel.RESTRICT_SELF, -1, 0)

"""What may happen to bytes on their way: some of them lost, some put in."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Damage:
    """A change of some bytes of a message."""

    at: int
    removed: int
    put_in: bytes

    def to(self, data: bytes) -> bytes:
        at = self.at % (len(data) + 1)
        return data[:at] + self.put_in + data[at + self.removed :]


def damaged(data: bytes, harm: list[Damage]) -> bytes:
    """The data after all of these."""
    for part in harm:
        data = part.to(data)
    return data


damages = st.lists(
    st.builds(
        Damage,
        at=st.integers(0, 2000),
        removed=st.integers(0, 3),
        put_in=st.binary(max_size=3)
        | st.sampled_from([b"9", b"-", b"NaN", b"\xff", b"null", b'"', b"]", b"e9"]),
    ),
    min_size=1,
    max_size=3,
)

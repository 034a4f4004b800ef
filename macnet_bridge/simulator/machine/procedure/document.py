"""Bytes of an XML document to a tree of elements, for files that come over a network.

A document type is refused, and with it all entities that a file could define: a procedure needs
none, and they are what makes small files unfold into gigabytes. Size, depth and number of elements
are bounded. Comments and processing instructions are no content and are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from macnet_bridge.simulator.machine.procedure.refusing import Refused

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 200_000
MAX_DEPTH = 32


@dataclass(slots=True)
class Element:
    """An element. `pieces` are the texts directly in it, before, between and after its children."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands directly in it, without the spaces around that."""
        return "".join(self.pieces).strip()

    def all(self, name: str) -> Iterator[Element]:
        """Its children of that name."""
        return (child for child in self.children if child.name == name)

    def child(self, name: str) -> Element:
        """Its first child of that name, an empty one where there is none."""
        return next(self.all(name), Element(name))

    def value(self, name: str) -> str:
        """Text of a child, empty where there is none."""
        return self.child(name).text

    @property
    def is_blank(self) -> bool:
        """Whether it carries nothing: no text, no attributes, nor do its children."""
        return not (self.text or self.attributes) and all(child.is_blank for child in self.children)


class _Builder:
    """Makes the tree of what the parser reports."""

    def __init__(self) -> None:
        self.top = Element("")
        self._open = [self.top]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise Refused(f"the file has more than {MAX_ELEMENTS:,} elements")
        if len(self._open) > MAX_DEPTH:
            raise Refused(f"elements lie more than {MAX_DEPTH} deep in each other")
        element = Element(name, attributes)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, name: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].pieces.append(text)

    def document_type(self, *_: object) -> None:
        raise Refused("a document type is not read")


def parse(data: bytes) -> Element:
    """The root element.

    Raises:
        Refused: it is too large, no XML, or has a document type.
    """
    if len(data) > MAX_BYTES:
        raise Refused(f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}")
    builder = _Builder()
    parser = _parser(builder)
    try:
        parser.Parse(data, True)
    # The last two are what Python says to encodings that it does not know, or not from Expat.
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Refused(f"the file is no XML that can be read: {error}") from error
    return builder.top.children[0]


def _parser(builder: _Builder) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = builder.document_type
    return parser

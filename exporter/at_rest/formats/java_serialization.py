"""Finds the end of an object in Java's serialization format, which JCEKS keeps secret keys in.

The length of such an object stands nowhere, and entries with certificates may follow it. Nothing is made of what is
read. Java Object Serialization Specification, section 6.4 (grammar); recursion and the number of things are bounded.
"""

import struct
from dataclasses import dataclass, field

MAGIC = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS_DESCRIPTION, _OBJECT, _STRING, _ARRAY = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75
_CLASS, _BLOCK, _END_OF_BLOCK, _LONG_BLOCK, _LONG_STRING, _ENUM = 0x76, 0x77, 0x78, 0x7A, 0x7C, 0x7E
_BASE_HANDLE = 0x7E0000
_SERIALIZABLE, _WRITE_METHOD, _EXTERNALIZABLE, _BLOCK_DATA = 0x02, 0x01, 0x04, 0x08
_SIZES = {b"B": 1, b"C": 2, b"D": 8, b"F": 4, b"I": 4, b"J": 8, b"S": 2, b"Z": 1}
_MAX_DEPTH = 16
_MAX_THINGS = 1000
_LONG, _INT, _SHORT = struct.Struct(">Q"), struct.Struct(">I"), struct.Struct(">H")


class SerializationError(ValueError):
    """Bytes that are no serialized object that can be skipped."""


@dataclass(slots=True)
class _Class:
    name: bytes
    flags: int = 0
    fields: list[bytes] = field(default_factory=list)  # type codes
    parent: "_Class | None" = None


def end_of_object_untrusted(data: bytes, offset: int) -> int:
    """Return where the object ends that begins, with the stream's header, at an offset."""
    if data[offset : offset + 4] != MAGIC:
        raise SerializationError("no serialized object")
    reader = _Reader(data, offset + 4)
    reader.thing(0)
    return reader.offset


class _Reader:
    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self.offset = offset
        self._handles: list[_Class | None] = []
        self._count = 0

    def _take(self, size: int) -> bytes:
        taken = self._data[self.offset : self.offset + size]
        if len(taken) != size:
            raise SerializationError("a serialized object is cut short")
        self.offset += size
        return taken

    def _number(self, form: struct.Struct) -> int:
        number: int = form.unpack(self._take(form.size))[0]
        return number

    def thing(self, depth: int) -> int:
        """Skip one thing of whatever kind; return its type code."""
        self._count += 1
        if depth > _MAX_DEPTH or self._count > _MAX_THINGS:
            raise SerializationError("a serialized object is nested too deep or too large")
        code = self._take(1)[0]
        if code == _REFERENCE:
            self._number(_INT)
        elif code in (_STRING, _LONG_STRING):
            self._handles.append(None)
            self._take(self._number(_SHORT if code == _STRING else _LONG))
        elif code in (_BLOCK, _LONG_BLOCK):
            self._take(self._take(1)[0] if code == _BLOCK else self._number(_INT))
        elif code == _OBJECT:
            self._object(depth)
        elif code == _ARRAY:
            self._array(depth)
        elif code not in (_NULL, _END_OF_BLOCK):
            raise SerializationError(f"type code 0x{code:02x} in a serialized object")
        return code

    def _class(self, depth: int) -> _Class | None:
        """Read a class description, which may be a reference to one."""
        code = self._take(1)[0]
        if code == _NULL:
            return None
        if code == _REFERENCE:
            index = self._number(_INT) - _BASE_HANDLE
            known = self._handles[index] if 0 <= index < len(self._handles) else None
            if known is None:
                raise SerializationError("a reference to no class")
            return known
        self._count += 1
        if code != _CLASS_DESCRIPTION or depth > _MAX_DEPTH or self._count > _MAX_THINGS:
            raise SerializationError("no class description")
        made = _Class(self._take(self._number(_SHORT)))
        self._take(8)  # serialVersionUID
        self._handles.append(made)
        made.flags = self._take(1)[0]
        for _ in range(self._number(_SHORT)):
            kind = self._take(1)
            self._take(self._number(_SHORT))
            made.fields.append(kind)
            if kind in (b"L", b"["):
                self.thing(depth + 1)  # the name of its type
            elif kind not in _SIZES:
                raise SerializationError("a field of no known type")
        self._until_end(depth)  # annotations
        made.parent = self._class(depth + 1)
        return made

    def _until_end(self, depth: int) -> None:
        while self.thing(depth + 1) != _END_OF_BLOCK:
            pass

    def _object(self, depth: int) -> None:
        described = self._class(depth + 1)
        self._handles.append(None)
        lineage: list[_Class] = []
        while described is not None and described not in lineage:
            lineage.append(described)
            described = described.parent
        for one in reversed(lineage):
            if not one.flags & _SERIALIZABLE:
                raise SerializationError("an object that writes itself")
            for kind in one.fields:
                if kind in _SIZES:
                    self._take(_SIZES[kind])
                else:
                    self.thing(depth + 1)
            if one.flags & _WRITE_METHOD:
                self._until_end(depth)

    def _array(self, depth: int) -> None:
        described = self._class(depth + 1)
        self._handles.append(None)
        size = _SIZES.get(described.name[1:2]) if described is not None else None
        if size is None:
            raise SerializationError("an array of no numbers")
        self._take(self._number(_INT) * size)

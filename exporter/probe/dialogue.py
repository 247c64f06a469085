"""Drives a dialogue of `wire` over a stream. The dialogue knows no clock; the stream has the deadline."""

from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.wire.dialogue import DialogueError, Steps


async def converse(stream: Stream, dialogue: Steps[bytes]) -> bytes:
    """Carry on a dialogue to its end and return what arrived behind it. Raises NetworkError."""
    heard = 0
    try:
        step = next(dialogue)
        while True:
            if step:
                stream.write(step)
                step = dialogue.send(b"")
            else:
                data = await stream.read()
                heard += len(data)
                step = dialogue.send(data)
    except StopIteration as end:
        leftover: bytes = end.value
        return leftover
    except DialogueError as error:
        raise NetworkError(Reason(error.reason), error.detail) from None
    except NetworkError as error:
        said = f"the peer said {heard} bytes" if heard else "the peer said nothing"
        raise NetworkError(error.reason, f"{said}; {error.detail or error.reason}") from None
    finally:
        dialogue.close()

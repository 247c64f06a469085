"""Drives a dialogue of `wire` over a stream. The dialogue knows no clock; the stream has the deadline."""

from exporter.probe.network import NetworkError, Stream
from exporter.probe.result import Reason
from exporter.wire.conversation import DialogueError, Steps


async def converse(stream: Stream, dialogue: Steps[bytes]) -> bytes:
    """Carry on a dialogue to its end and return what arrived behind it. Raises NetworkError."""
    try:
        step = next(dialogue)
        while True:
            if step:
                stream.write(step)
                step = dialogue.send(b"")
            else:
                step = dialogue.send(await stream.read())
    except StopIteration as end:
        leftover: bytes = end.value
        return leftover
    except DialogueError as error:
        raise NetworkError(Reason(error.reason), error.detail) from None
    finally:
        dialogue.close()

"""Files of certificates at URLs. A scrape that finds one due starts its download; the next scrape has it."""

import asyncio
import time
from dataclasses import dataclass, field

from exporter.at_rest.files import certificates_of
from exporter.at_rest.formats.entry import MAX_FILE_BYTES, UnreadableError
from exporter.at_rest.formats.reader import read_contents_untrusted
from exporter.at_rest.stored import Stored
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase

DOWNLOAD_SECONDS = 10.0


@dataclass(eq=False)
class URLFiles:
    """What the URLs of one entry held when they were last downloaded. `refresh` is in seconds."""

    urls: tuple[str, ...]
    refresh: float
    password: str | None = None
    ca_file: str | None = None
    proxy_url: str | None = None
    stored: dict[str, Stored] = field(default_factory=dict)
    _downloads: dict[str, tuple[float, asyncio.Task[None]]] = field(default_factory=dict)

    def renew(self) -> list[asyncio.Task[None]]:
        """Start the downloads that are due; return those in flight."""
        now = time.monotonic()
        for url in self.urls:
            began, task = self._downloads.get(url, (float("-inf"), None))
            if (task is None or task.done()) and now - began >= self.refresh:
                self._downloads[url] = now, asyncio.create_task(self._download(url))
        return [task for _, task in self._downloads.values() if not task.done()]

    async def _download(self, url: str) -> None:
        from exporter.net.download import DownloadError, download  # noqa: PLC0415 - its client takes 10 MB

        began = time.monotonic()
        try:
            data, modified = await download(url, MAX_FILE_BYTES, DOWNLOAD_SECONDS, self.ca_file, self.proxy_url)
        except DownloadError as error:
            self.stored[url] = Stored(failure=Failure(Phase.READ, error.reason, error.detail))
            return
        stored = await asyncio.to_thread(_read, data, self.password, modified, time.monotonic() - began)
        before = self.stored.get(url)
        if before is None or (before.certificates, before.failure) != (stored.certificates, stored.failure):
            self.stored[url] = stored

    def close(self) -> None:
        """Stop the downloads in flight."""
        for _, task in self._downloads.values():
            task.cancel()


def _read(data: bytes, password: str | None, modified: float | None, seconds: float) -> Stored:
    try:
        contents = read_contents_untrusted(data, password)
        if contents.references:
            raise UnreadableError(Reason.UNSUPPORTED, "it names files that are elsewhere")  # noqa: TRY301
    except UnreadableError as error:
        failure = Failure(Phase.READ, error.reason, error.detail)
        return Stored(failure=failure, opened=True, modified_at=modified, seconds=seconds)
    return Stored(
        contents.format,
        tuple(certificates_of(contents.entries)),
        opened=True,
        modified_at=modified,
        seconds=seconds,
    )

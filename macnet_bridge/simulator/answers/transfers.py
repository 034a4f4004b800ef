"""Listing, taking and giving files: MacNet (1, 5), (1, 6) and (1, 7).

The manual lists no error codes; those of TFTP stand in for them.
"""

from __future__ import annotations

from datetime import datetime

from macnet_bridge.macnet.protocol.codes import FILE_BLOCK_BYTES, MAX_FILE_BLOCKS, FileType, ListCommand
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import (
    FileAcknowledgement,
    FileData,
    FileError,
    FileListing,
    FileMessage,
    ListFiles,
    ReadRequest,
    WriteRequest,
)
from macnet_bridge.simulator.machine.files import StoredFile, is_file_name
from macnet_bridge.simulator.machine.session import Download, Listing, Session, Upload
from macnet_bridge.simulator.machine.tester import Tester

NOT_FOUND, NO_ACCESS, DISK_FULL, ILLEGAL, UNKNOWN_TRANSFER = 1, 2, 3, 4, 5

_WRITABLE = range(FileType.PROCEDURE, FileType.WAVEFORM + 1)
_READABLE = range(FileType.ACTIVE, FileType.SYSTEM_EVENTS + 1)
_NEVER = datetime(1970, 1, 1)  # noqa: DTZ001  MacNet gives times without a zone


def list_files(tester: Tester, session: Session, body: ListFiles, now: float) -> FileListing:
    """MacNet (1, 5). Index counts from 1; past the end comes an empty name."""
    file_type = FileType(body.file_type)
    if body.command == ListCommand.BUILD:
        session.listing = Listing(file_type, tester.files_of(file_type, now)[:0xFFFF])
        return FileListing(
            file_type=file_type, command=body.command, number_of_files=len(session.listing.files)
        )
    if session.listing is None or session.listing.file_type is not file_type:
        raise BadRequest(BadRequest.MACNET_ERROR)
    return _next_name(session.listing)


def _next_name(listing: Listing) -> FileListing:
    count = len(listing.files)
    file = listing.files[listing.told] if listing.told < count else StoredFile("", b"", _NEVER)
    listing.told = min(listing.told + 1, count)
    return FileListing(
        file_type=listing.file_type,
        command=ListCommand.NEXT,
        number_of_files=count,
        index=listing.told,
        file_date=file.date,
        size_byte=len(file.data),
        file_name=file.name,
    )


def send_file(tester: Tester, session: Session, body: FileMessage, now: float) -> FileMessage | None:
    """MacNet (1, 6). A file of the same name is replaced, once the last block is here."""
    match body:
        case WriteRequest():
            return _begin_upload(session, body)
        case FileData():
            return _take_block(tester, session, body, now)
    session.upload = None
    return None


def _begin_upload(session: Session, body: WriteRequest) -> FileMessage:
    if body.file_type not in _WRITABLE or not is_file_name(body.file_name):
        return _error(body, NO_ACCESS, "no such file can be written")
    session.upload = Upload(FileType(body.file_type), body.file_name)
    return FileAcknowledgement(file_type=body.file_type, block=0)


def _take_block(tester: Tester, session: Session, body: FileData, now: float) -> FileMessage:
    upload = session.upload
    if upload is None or upload.file_type != body.file_type:
        return _error(body, UNKNOWN_TRANSFER, "no such transfer")
    if body.block == upload.block + 1 and not upload.is_complete:
        upload.block = body.block
        upload.data += body.data
        if body.is_last:
            upload.is_complete = True
            tester.files.write(
                upload.file_type, StoredFile(upload.name, bytes(upload.data), tester.clock(now))
            )
    # The block before is sent again by a client that did not get its acknowledgement.
    elif body.block != upload.block or not body.block:
        return _error(body, ILLEGAL, "not the next block")
    return FileAcknowledgement(file_type=body.file_type, block=body.block)


def get_file(tester: Tester, session: Session, body: FileMessage, now: float) -> FileMessage | None:
    """MacNet (1, 7). The last acknowledgement is not replied to."""
    match body:
        case ReadRequest():
            return _begin_download(tester, session, body, now)
        case FileAcknowledgement():
            return _give_block(session, body)
    session.download = None
    return None


def _begin_download(tester: Tester, session: Session, body: ReadRequest, now: float) -> FileMessage:
    file = None
    if body.file_type in _READABLE:
        file = tester.file_of(FileType(body.file_type), body.file_name, now)
    if file is None:
        return _error(body, NOT_FOUND, "file not found")
    if len(file.data) // FILE_BLOCK_BYTES >= MAX_FILE_BLOCKS:
        return _error(body, DISK_FULL, "the file has more blocks than can be counted")
    session.download = Download(FileType(body.file_type), file.data)
    return _block(session.download)


def _give_block(session: Session, body: FileAcknowledgement) -> FileMessage | None:
    download = session.download
    if download is None or download.file_type != body.file_type:
        return _error(body, UNKNOWN_TRANSFER, "no such transfer")
    if body.block == download.block:
        if len(download.block_data) < FILE_BLOCK_BYTES:
            return None
        download.block += 1
    # The acknowledgement before is sent again by a client that did not get the block.
    elif body.block != download.block - 1:
        return _error(body, ILLEGAL, "not the block that was sent")
    return _block(download)


def _block(download: Download) -> FileData:
    return FileData(file_type=download.file_type, block=download.block, data=download.block_data)


def _error(body: FileMessage, code: int, message: str) -> FileError:
    return FileError(file_type=body.file_type, error_code=code, message=message)

"""An SSH server that lets one key fetch the bare repositories of a folder; says on standard output where and who."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import asyncssh


async def serve(root: Path) -> None:
    host, person = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")

    async def upload(process: asyncssh.SSHServerProcess[bytes]) -> None:
        command, _, path = (process.command or "").partition(" ")
        if command != "git-upload-pack":
            process.exit(1)
            return
        place = str(root / path.strip("'/"))
        git = ["git", "-c", "safe.directory=*", "upload-pack", place]
        pipe = subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*git, stdin=pipe, stdout=pipe, stderr=pipe)
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        process.exit(await child.wait())

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=asyncssh.import_authorized_keys(person.export_public_key().decode()),
        process_factory=upload,
        encoding=None,
    )
    port, public = server.get_port(), host.export_public_key().decode().strip()
    site = {"url": f"ssh://git@127.0.0.1:{port}", "known_hosts": f"[127.0.0.1]:{port} {public}\n"}
    print(json.dumps({**site, "private_key": person.export_private_key().decode()}), flush=True)  # noqa: T201 - how it is told
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

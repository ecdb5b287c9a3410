"""`./tally dkim-key`: a key to sign the default route's mail, and what to put into DNS and into the settings."""

from __future__ import annotations

import os
from pathlib import Path

from tallystick.config.env import read_environment
from tallystick.mail.dkim_key import make_key, public_record


def show_key(path: Path | None) -> int:
    """Make the key on first use, readable by the owner only, and print the entry and the setting. Return the exit code."""
    env = read_environment()
    path = path or env.dkim_key_file or env.data_dir / "dkim.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(make_key())
    except FileExistsError:
        print(f"{path} is there already and stays.")
    try:
        record = public_record(path.read_bytes())
    except ValueError as error:
        print(f"{path}: {error}")
        return 1
    domain = env.dkim_domain or env.sender.rpartition("@")[2]
    print(f"\nPut this TXT entry into DNS:\n\n{env.dkim_selector}._domainkey.{domain}\n{record}\n")
    print(
        f"Then start with these settings:\n\nTALLYSTICK_DKIM_KEY_FILE={path}\nTALLYSTICK_DKIM_SELECTOR={env.dkim_selector}"
    )
    return 0

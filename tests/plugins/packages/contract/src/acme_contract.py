"""A plugin for a contract that does not exist; its module must never be imported."""

import builtins

builtins.acme_contract_was_imported = True  # type: ignore[attr-defined]

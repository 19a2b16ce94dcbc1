"""Sign-on whole: clients of every protocol, refresh tokens and devices, notices of sign-out, further factors, policy, launcher."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AUTH_METHODS = "auth_method IN ('none', 'client_secret', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth')"
#: In the order in which they may go.
_TABLES = (
    "refresh_token",
    "proxy_grant",
    "logout_notice",
    "device_authorization",
    "pushed_request",
    "recovery_code",
    "launcher_favourite",
    "signon_policy",
    "shown_proof",
)
#: Failures by what was tried and by where from, for the brake on guessing.
_FAILURES = (("ix_sign_in_attempt_failed_login", "login_digest"), ("ix_sign_in_attempt_failed_address", "source_address"))


def upgrade() -> None:
    _tables()
    _clients()
    _credentials()
    _tickets_and_tokens()
    _signing_keys()
    _outbox()


def _tables() -> None:
    op.create_table(
        "shown_proof",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_shown_proof")),
    )
    op.create_index("ix_shown_proof_expires_at", "shown_proof", ["expires_at"])
    op.create_table(
        "signon_policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_signon_policy_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signon_policy")),
    )
    op.create_index(
        "uq_signon_policy_live", "signon_policy", [sa.text("(valid_to IS NULL)")], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "launcher_favourite",
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("subsystem_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_launcher_favourite_official_id")),
        sa.ForeignKeyConstraint(["subsystem_id"], ["subsystem.id"], name=op.f("fk_launcher_favourite_subsystem_id")),
        sa.PrimaryKeyConstraint("official_id", "subsystem_id", name=op.f("pk_launcher_favourite")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index("ix_recovery_code_account_id", "recovery_code", ["account_id"])
    op.create_table(
        "pushed_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_pushed_request_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushed_request")),
        sa.UniqueConstraint("digest", name=op.f("uq_pushed_request_digest")),
    )
    op.create_index("ix_pushed_request_expires_at", "pushed_request", ["expires_at"])
    op.create_table(
        "device_authorization",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("confirmation", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("source_address", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decision IN ('approved', 'denied')", name=op.f("ck_device_authorization_decision")),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_device_authorization_decided")),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_device_authorization_client_id")),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_device_authorization_participant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_authorization")),
        sa.UniqueConstraint("device_digest", name=op.f("uq_device_authorization_device_digest")),
    )
    op.create_index("ix_device_authorization_expires_at", "device_authorization", ["expires_at"])
    op.create_index(
        "uq_device_authorization_waiting",
        "device_authorization",
        ["user_digest"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "logout_notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('back_channel', 'front_channel', 'cas', 'none')", name=op.f("ck_logout_notice_channel")),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_logout_notice_client_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grant.id"], name=op.f("fk_logout_notice_grant_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_logout_notice_official_id")),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_logout_notice_participant_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_logout_notice_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_notice")),
    )
    op.create_index("ix_logout_notice_client_id", "logout_notice", ["client_id", "created_at"])
    op.create_index("ix_logout_notice_grant_id", "logout_notice", ["grant_id"], postgresql_where=sa.text("grant_id IS NOT NULL"))
    op.create_index("ix_logout_notice_message_id", "logout_notice", ["message_id"], postgresql_where=sa.text("message_id IS NOT NULL"))
    waiting = sa.text("acknowledged_at IS NULL AND message_id IS NOT NULL")
    op.create_index("ix_logout_notice_waiting", "logout_notice", ["client_id"], postgresql_where=waiting)
    op.create_index("ix_logout_notice_official_id", "logout_notice", ["official_id", "created_at"])
    op.create_index("ix_logout_notice_participant_id", "logout_notice", ["participant_id"])
    op.create_index("ix_logout_notice_session_id", "logout_notice", ["session_id"])
    op.create_table(
        "proxy_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_proxy_grant_client_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["proxy_grant.id"], name=op.f("fk_proxy_grant_parent_id")),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_proxy_grant_participant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy_grant")),
        sa.UniqueConstraint("digest", name=op.f("uq_proxy_grant_digest")),
    )
    op.create_index("ix_proxy_grant_expires_at", "proxy_grant", ["expires_at"])
    op.create_index("ix_proxy_grant_family_id", "proxy_grant", ["family_id"])
    op.create_index("ix_proxy_grant_participant_id", "proxy_grant", ["participant_id"])
    op.create_table(
        "refresh_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("confirmation", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("predecessor_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_refresh_token_client_id")),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_refresh_token_participant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_refresh_token_digest")),
    )
    op.create_index("ix_refresh_token_expires_at", "refresh_token", ["expires_at"])
    op.create_index("ix_refresh_token_family_id", "refresh_token", ["family_id"])
    op.create_index("ix_refresh_token_participant_id", "refresh_token", ["participant_id"])


def _clients() -> None:
    op.add_column("client", sa.Column("protocol", sa.Text(), nullable=False, server_default="oidc"))
    op.add_column("client", sa.Column("auth_method", sa.Text(), nullable=False, server_default="none"))
    # Every field of the record has a default, so what was there before has them all.
    op.add_column("client", sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}"))
    op.execute("UPDATE client SET auth_method = 'client_secret' WHERE NOT public")
    for column in ("protocol", "auth_method", "settings"):
        op.alter_column("client", column, server_default=None)
    op.drop_constraint(op.f("ck_client_public"), "client", type_="check")
    op.drop_column("client", "public")
    op.create_check_constraint(op.f("ck_client_protocol"), "client", "protocol IN ('oidc', 'cas', 'forward_auth')")
    op.create_check_constraint(op.f("ck_client_auth_method"), "client", _AUTH_METHODS)
    op.create_check_constraint(op.f("ck_client_secret"), "client", "(auth_method = 'client_secret') = (secret_digest IS NOT NULL)")
    op.add_column("client_redirect", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("uq_client_redirect_client_id_kind_uri"), "client_redirect", type_="unique")
    live = sa.text("removed_at IS NULL")
    op.create_index("uq_client_redirect_live", "client_redirect", ["client_id", "kind", "uri"], unique=True, postgresql_where=live)
    op.create_index("ix_client_redirect_uri", "client_redirect", ["kind", "uri"], postgresql_where=live)
    op.drop_constraint(op.f("ck_client_redirect_kind"), "client_redirect", type_="check")
    op.create_check_constraint(
        op.f("ck_client_redirect_kind"), "client_redirect", "kind IN ('redirect', 'post_logout', 'service', 'origin')"
    )


def _credentials() -> None:
    op.add_column("credential", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("credential", sa.Column("last_step", sa.BigInteger(), nullable=True))
    op.alter_column("credential", "secret_hash", nullable=True)
    op.drop_constraint(op.f("ck_credential_kind"), "credential", type_="check")
    op.create_check_constraint(op.f("ck_credential_kind"), "credential", "kind IN ('password', 'totp')")
    op.create_check_constraint(op.f("ck_credential_secret_hash"), "credential", "(kind = 'password') = (secret_hash IS NOT NULL)")
    op.create_check_constraint(op.f("ck_credential_sealed"), "credential", "(kind = 'totp') = (sealed IS NOT NULL)")
    for name, column in _FAILURES:
        op.create_index(name, "sign_in_attempt", [column, "at"], postgresql_where=sa.text("outcome = 'failed'"))


def _tickets_and_tokens() -> None:
    op.add_column("session", sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket", sa.Column("dpop_jkt", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("ticket", sa.Column("fresh", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("ticket", sa.Column("proxy_grant_id", sa.Uuid(), nullable=True))
    op.alter_column("ticket", "code_challenge", nullable=True)
    op.create_foreign_key(op.f("fk_ticket_proxy_grant_id"), "ticket", "proxy_grant", ["proxy_grant_id"], ["id"])
    op.drop_constraint(op.f("ck_ticket_kind"), "ticket", type_="check")
    op.create_check_constraint(op.f("ck_ticket_kind"), "ticket", "kind IN ('oidc_code', 'cas_service', 'cas_proxy', 'forward_auth')")
    # Tokens live five minutes, so those that were issued before are as good as none: nobody need wait for them to be described.
    op.execute("DELETE FROM issued_token")
    op.add_column("issued_token", sa.Column("client_id", sa.Text(), nullable=False))
    op.add_column("issued_token", sa.Column("audience", postgresql.ARRAY(sa.Text()), nullable=False))
    op.add_column("issued_token", sa.Column("confirmation", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("issued_token", sa.Column("actors", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.alter_column("issued_token", "participant_id", nullable=True)
    op.create_foreign_key(op.f("fk_issued_token_client_id"), "issued_token", "client", ["client_id"], ["client_id"])


def _signing_keys() -> None:
    op.create_table(
        "signing_key_end",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('retired', 'withdrawn')", name=op.f("ck_signing_key_end_kind")),
        sa.ForeignKeyConstraint(["kid"], ["signing_key.kid"], name=op.f("fk_signing_key_end_kid")),
        sa.PrimaryKeyConstraint("kid", "kind", name=op.f("pk_signing_key_end")),
    )
    op.execute("INSERT INTO signing_key_end (kid, kind, at) SELECT kid, 'retired', retired_at FROM signing_key WHERE retired_at IS NOT NULL")
    op.drop_column("signing_key", "retired_at")


def _signing_keys_back() -> None:
    op.add_column("signing_key", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE signing_key k SET retired_at = (SELECT min(e.at) FROM signing_key_end e WHERE e.kid = k.kid)")
    op.drop_table("signing_key_end")
    # What signed before knows elliptic curves alone.
    op.execute("DELETE FROM signing_key WHERE algorithm <> 'ES256'")


def _outbox() -> None:
    """Let a message be given up, and find what is due for one receiver, so that a slow one holds up nobody else."""
    op.add_column("outbox_message", sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_outbox_message_due", "outbox_message")
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["destination", "available_at", "id"],
        postgresql_where=sa.text("delivered_at IS NULL AND abandoned_at IS NULL"),
    )


def _outbox_back() -> None:
    op.drop_index("ix_outbox_message_due", "outbox_message")
    # What was given up would come due again, and so would what only the newer platform can compose.
    op.execute("DELETE FROM outbox_message WHERE abandoned_at IS NOT NULL OR destination LIKE 'client:%'")
    op.drop_column("outbox_message", "abandoned_at")
    op.create_index("ix_outbox_message_due", "outbox_message", ["available_at", "id"], postgresql_where=sa.text("delivered_at IS NULL"))


def downgrade() -> None:
    _signing_keys_back()
    _outbox_back()
    op.drop_constraint(op.f("fk_ticket_proxy_grant_id"), "ticket", type_="foreignkey")
    # What the older tables cannot say goes: it lived for minutes, but for the secrets of apps and the clients of newer protocols.
    op.execute("DELETE FROM issued_token")
    op.execute("DELETE FROM ticket WHERE kind <> 'oidc_code' OR code_challenge IS NULL")
    op.execute("DELETE FROM credential WHERE kind <> 'password'")
    for table in _TABLES:
        op.drop_table(table)
    for column in ("actors", "confirmation", "audience", "client_id"):
        op.drop_column("issued_token", column)
    op.alter_column("issued_token", "participant_id", nullable=False)
    op.drop_constraint(op.f("ck_ticket_kind"), "ticket", type_="check")
    op.create_check_constraint(op.f("ck_ticket_kind"), "ticket", "kind IN ('oidc_code')")
    op.alter_column("ticket", "code_challenge", nullable=False)
    for name, _column in _FAILURES:
        op.drop_index(name, "sign_in_attempt")
    for column in ("proxy_grant_id", "fresh", "sealed", "dpop_jkt"):
        op.drop_column("ticket", column)
    op.drop_column("session", "second_factor_at")
    for name in ("kind", "secret_hash", "sealed"):
        op.drop_constraint(op.f(f"ck_credential_{name}"), "credential", type_="check")
    op.create_check_constraint(op.f("ck_credential_kind"), "credential", "kind IN ('password')")
    op.alter_column("credential", "secret_hash", nullable=False)
    op.drop_column("credential", "last_step")
    op.drop_column("credential", "sealed")
    _clients_back()


def _clients_back() -> None:
    op.execute("DELETE FROM client_redirect WHERE removed_at IS NOT NULL OR kind NOT IN ('redirect', 'post_logout')")
    op.drop_index("ix_client_redirect_uri", "client_redirect")
    op.drop_index("uq_client_redirect_live", "client_redirect")
    op.drop_constraint(op.f("ck_client_redirect_kind"), "client_redirect", type_="check")
    op.create_check_constraint(op.f("ck_client_redirect_kind"), "client_redirect", "kind IN ('redirect', 'post_logout')")
    op.create_unique_constraint(op.f("uq_client_redirect_client_id_kind_uri"), "client_redirect", ["client_id", "kind", "uri"])
    op.drop_column("client_redirect", "removed_at")
    op.add_column("client", sa.Column("public", sa.Boolean(), nullable=False, server_default="true"))
    op.execute("UPDATE client SET public = secret_digest IS NULL")
    op.alter_column("client", "public", server_default=None)
    for name in ("protocol", "auth_method", "secret"):
        op.drop_constraint(op.f(f"ck_client_{name}"), "client", type_="check")
    op.create_check_constraint(op.f("ck_client_public"), "client", "public = (secret_digest IS NULL)")
    for column in ("settings", "auth_method", "protocol"):
        op.drop_column("client", column)

"""Drafts of a policy, their approval by a second person, what they would change for whom, and their shadow.

Versions that stand are marked as installed: how they came in was the rule then. Going back forgets drafts, reviews, impacts and
shadows; the versions themselves, their texts and who put them in force stay.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TEXT = "checksum = encode(sha256(convert_to(document, 'UTF8')), 'hex')"
_JSON = postgresql.JSONB(astext_type=sa.Text())


def _moment(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def upgrade() -> None:
    _drafts()
    _impacts()
    _reviews()
    _shadows()
    op.add_column("policy_version", sa.Column("basis", sa.Text(), server_default="installed", nullable=False))
    op.add_column("policy_version", _id("review_id", nullable=True))
    op.add_column("policy_version", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.create_unique_constraint(op.f("uq_policy_version_review_id"), "policy_version", ["review_id"])
    op.create_foreign_key(
        op.f("fk_policy_version_review_id_checksum"), "policy_version", "policy_review", ["review_id", "checksum"], ["id", "checksum"]
    )
    op.create_check_constraint(op.f("ck_policy_version_basis"), "policy_version", "basis IN ('installed', 'approved', 'emergency')")
    op.create_check_constraint(op.f("ck_policy_version_review"), "policy_version", "(basis = 'approved') = (review_id IS NOT NULL)")
    op.create_check_constraint(op.f("ck_policy_version_text"), "policy_version", f"basis <> 'approved' OR {_TEXT}")


def _drafts() -> None:
    op.create_table(
        "policy_draft",
        _id("id"),
        _text("title"),
        _text("reason"),
        _id("maker_id", nullable=True),
        _text("created_by"),
        _number("base_number"),
        _number("rollback_of", nullable=True),
        _text("source"),
        _text("document"),
        _text("checksum"),
        _number("revision"),
        _text("state"),
        sa.Column("tests", _JSON, nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("state IN ('open', 'submitted', 'approved', 'applied', 'discarded')", name=op.f("ck_policy_draft_state")),
        sa.CheckConstraint("maker_id IS NOT NULL OR state IN ('open', 'discarded')", name=op.f("ck_policy_draft_maker")),
        sa.CheckConstraint("revision >= 1 AND base_number >= 0", name=op.f("ck_policy_draft_numbers")),
        sa.CheckConstraint(_TEXT, name=op.f("ck_policy_draft_checksum")),
        sa.ForeignKeyConstraint(["maker_id"], ["official.id"], name=op.f("fk_policy_draft_maker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_draft")),
        sa.UniqueConstraint("id", "maker_id", name=op.f("uq_policy_draft_id_maker_id")),
    )
    op.create_index("ix_policy_draft_state", "policy_draft", ["state", "id"])


def _impacts() -> None:
    op.create_table(
        "policy_impact",
        _id("id"),
        _id("draft_id"),
        _text("checksum"),
        _number("base_number"),
        _text("state"),
        _moment("at"),
        _number("done"),
        _number("total"),
        sa.Column("grouped_by", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("summary", _JSON, nullable=False),
        _text("digest", nullable=True),
        sa.Column("error", _JSON, nullable=True),
        _text("requested_by"),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("finished_at", nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_policy_impact_state")),
        sa.CheckConstraint("(state = 'done') = (digest IS NOT NULL)", name=op.f("ck_policy_impact_digest")),
        sa.ForeignKeyConstraint(["draft_id"], ["policy_draft.id"], name=op.f("fk_policy_impact_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_impact")),
        sa.UniqueConstraint("id", "checksum", name=op.f("uq_policy_impact_id_checksum")),
    )
    op.create_index("ix_policy_impact_draft_id", "policy_impact", ["draft_id", "id"])
    op.create_index(
        "ix_policy_impact_waiting", "policy_impact", ["id"], postgresql_where=sa.text("state IN ('waiting', 'running')")
    )
    op.create_table(
        "policy_impact_place",
        _id("impact_id"),
        _number("number"),
        sa.Column("departments", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.ForeignKeyConstraint(["impact_id"], ["policy_impact.id"], name=op.f("fk_policy_impact_place_impact_id")),
        sa.PrimaryKeyConstraint("impact_id", "number", name=op.f("pk_policy_impact_place")),
    )
    op.create_table(
        "policy_impact_group",
        _id("impact_id"),
        _number("number"),
        _text("kind"),
        sa.Column("label", _JSON, nullable=False),
        _number("size"),
        sa.Column("effects", _JSON, nullable=False),
        sa.Column("classes", _JSON, nullable=False),
        sa.CheckConstraint("kind IN ('duty', 'direct', 'unplaced', 'part')", name=op.f("ck_policy_impact_group_kind")),
        sa.ForeignKeyConstraint(["impact_id"], ["policy_impact.id"], name=op.f("fk_policy_impact_group_impact_id")),
        sa.PrimaryKeyConstraint("impact_id", "number", name=op.f("pk_policy_impact_group")),
    )
    op.create_table(
        "policy_impact_member",
        _id("impact_id"),
        _number("number"),
        _id("place_id"),
        _id("official_id"),
        _id("appointment_id", nullable=True),
        sa.ForeignKeyConstraint(["impact_id"], ["policy_impact.id"], name=op.f("fk_policy_impact_member_impact_id")),
        sa.PrimaryKeyConstraint("impact_id", "number", "place_id", name=op.f("pk_policy_impact_member")),
    )


def _reviews() -> None:
    op.create_table(
        "policy_review",
        _id("id"),
        _id("draft_id"),
        _id("maker_id"),
        _id("reviewer_id"),
        _number("revision"),
        _text("checksum"),
        _number("base_number"),
        _id("impact_id", nullable=True),
        _text("verdict"),
        _text("comment"),
        _moment("at"),
        sa.CheckConstraint("verdict IN ('approve', 'reject')", name=op.f("ck_policy_review_verdict")),
        sa.CheckConstraint("maker_id <> reviewer_id", name=op.f("ck_policy_review_second_person")),
        sa.CheckConstraint("verdict = 'reject' OR impact_id IS NOT NULL", name=op.f("ck_policy_review_seen")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["official.id"], name=op.f("fk_policy_review_reviewer_id")),
        sa.ForeignKeyConstraint(
            ["draft_id", "maker_id"], ["policy_draft.id", "policy_draft.maker_id"], name=op.f("fk_policy_review_draft_id_maker_id")
        ),
        sa.ForeignKeyConstraint(
            ["impact_id", "checksum"], ["policy_impact.id", "policy_impact.checksum"], name=op.f("fk_policy_review_impact_id_checksum")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_review")),
        sa.UniqueConstraint("id", "checksum", name=op.f("uq_policy_review_id_checksum")),
    )
    op.create_index("ix_policy_review_draft_id", "policy_review", ["draft_id", "at"])
    op.create_index(
        "uq_policy_review_approved",
        "policy_review",
        ["draft_id", "revision"],
        unique=True,
        postgresql_where=sa.text("verdict = 'approve'"),
    )


def _shadows() -> None:
    op.create_table(
        "policy_shadow",
        _id("id"),
        _id("draft_id"),
        _text("checksum"),
        _text("document"),
        sa.Column("current", sa.Boolean(), server_default="true", nullable=False),
        _text("started_by"),
        _moment("started_at"),
        _moment("until"),
        _moment("ended_at", nullable=True),
        _number("checked"),
        _number("different"),
        _number("dropped"),
        sa.CheckConstraint("until > started_at", name=op.f("ck_policy_shadow_term")),
        sa.ForeignKeyConstraint(["draft_id"], ["policy_draft.id"], name=op.f("fk_policy_shadow_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_shadow")),
    )
    op.create_index("ix_policy_shadow_draft_id", "policy_shadow", ["draft_id"])
    op.create_index(
        "uq_policy_shadow_current", "policy_shadow", ["current"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "policy_shadow_difference",
        _id("shadow_id"),
        _text("function"),
        _text("live"),
        _text("shadow"),
        _number("times"),
        _moment("last_at"),
        sa.ForeignKeyConstraint(["shadow_id"], ["policy_shadow.id"], name=op.f("fk_policy_shadow_difference_shadow_id")),
        sa.PrimaryKeyConstraint("shadow_id", "function", "live", "shadow", name=op.f("pk_policy_shadow_difference")),
    )
    op.create_table(
        "policy_shadow_sample",
        _id("shadow_id"),
        _number("slot"),
        _moment("at"),
        _id("official_id", nullable=True),
        _id("appointment_id", nullable=True),
        _text("function"),
        _text("division", nullable=True),
        _text("live"),
        _text("shadow"),
        sa.ForeignKeyConstraint(["shadow_id"], ["policy_shadow.id"], name=op.f("fk_policy_shadow_sample_shadow_id")),
        sa.PrimaryKeyConstraint("shadow_id", "slot", name=op.f("pk_policy_shadow_sample")),
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_policy_version_text"), "policy_version", type_="check")
    op.drop_constraint(op.f("ck_policy_version_review"), "policy_version", type_="check")
    op.drop_constraint(op.f("ck_policy_version_basis"), "policy_version", type_="check")
    op.drop_constraint(op.f("fk_policy_version_review_id_checksum"), "policy_version", type_="foreignkey")
    op.drop_constraint(op.f("uq_policy_version_review_id"), "policy_version", type_="unique")
    for column in ("note", "review_id", "basis"):
        op.drop_column("policy_version", column)
    for table in (
        "policy_shadow_sample",
        "policy_shadow_difference",
        "policy_shadow",
        "policy_review",
        "policy_impact_member",
        "policy_impact_group",
        "policy_impact_place",
        "policy_impact",
        "policy_draft",
    ):
        op.drop_table(table)

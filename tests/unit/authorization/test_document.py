"""Policy documents: what is read, and that every mistake is found and named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.document import load_document, parse_document
from govcloud.authorization.policies.inclusion import cycle_in
from govcloud.authorization.scopes.fields import ALL_FIELDS, FieldRule
from govcloud.authorization.shipped import baseline, policies_folder


def test_the_shipped_policy_is_valid_and_uses_every_function_it_declares() -> None:
    document = baseline()
    assert {rule.function for rule in document.rules} == set(document.functions)


def test_the_shipped_policy_has_no_superuser() -> None:
    per_role: dict[str, set[str]] = {}
    for rule in baseline().rules:
        per_role.setdefault(rule.role, set()).add(rule.function)
    assert all(len(functions) < len(baseline().functions) for functions in per_role.values())


def test_officers_share_nothing_that_changes_rights_people_or_the_record() -> None:
    per_role = {
        role: {rule.function for rule in baseline().rules if rule.role == role}
        for role in ("system_admin", "security_admin", "audit_admin")
    }
    assert not per_role["security_admin"] & {"govcloud:official:register", "govcloud:appointment:begin", "govcloud:audit:read"}
    assert not per_role["system_admin"] & {"govcloud:role:assign", "govcloud:policy:install", "govcloud:audit:read"}
    reads = {
        "govcloud:console:open",
        "govcloud:console:policies",
        "govcloud:console:policy_drafts",
        "govcloud:policy:read",
        "govcloud:access_report:read",
        "govcloud:console:apart",
        "govcloud:sod_rule:read",
    }
    assert not (per_role["audit_admin"] - reads) & (per_role["system_admin"] | per_role["security_admin"])


FUNCTIONS = "functions: {govcloud:a:b: 名称}\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[1, 2]", "document"),
        ("roles: [", "document"),
        ("a: &x [1]\nb: *x", "document"),
        ("rolls: {}", "document.rolls"),
        ("roles: {Clerk: {}}", "roles.Clerk"),
        ("roles: {'a, b': {}}", "roles.a, b"),
        ("roles: {'grant:x': {}}", "roles.grant:x"),
        ("roles: {'system:x y': {}}", "roles.system:x y"),
        ("roles: {a: {colour: red}}", "roles.a.colour"),
        ("roles: {a: {name: 3}}", "roles.a.name"),
        ("roles: {a: {includes: [b]}}", "roles.a.includes"),
        ("roles: {a: {includes: [b]}, b: {includes: [c]}, c: {includes: [a]}}", "roles.a.includes"),
        ("roles: {a: {includes: [a]}}", "roles.a.includes"),
        # Both offices in one person's hands, past the constraint that holds them apart by name.
        ("roles: {a: {includes: [audit_admin]}, audit_admin: {}}", "roles.a.includes"),
        ("roles: {system_admin: {includes: [security_admin]}, security_admin: {}}", "roles.system_admin.includes"),
        ("roles: {official: {includes: [system_admin]}, system_admin: {}}", "roles.official.includes"),
        ("roles: {a: {rules: {allow: x}}}", "roles.a.rules"),
        ("roles: {a: {rules: [{when: true}]}}", "roles.a.rules[0]"),
        ("roles: {a: {rules: [{allow: 'x:y:z', deny: 'x:y:z'}]}}", "roles.a.rules[0]"),
        ("roles: {a: {rules: [{allow: []}]}}", "roles.a.rules[0].allow"),
        ("roles: {a: {rules: [{allow: [1]}]}}", "roles.a.rules[0].allow"),
        ("roles: {a: {rules: [{allow: 'x:y'}]}}", "roles.a.rules"),
        ("roles: {a: {rules: [{allow: '*'}]}}", "roles.a.rules"),
        ("roles: {a: {rules: [{allow: 'X:y:z'}]}}", "roles.a.rules"),
        ("roles: {a: {rules: [{allow: 'govcloud:*'}]}}", "roles.a.rules"),
        ("roles: {a: {rules: [{allow: 'govcloud:no:such'}]}}", "roles.a.rules"),
        ("roles: {a: {rules: [{allow: 'x:y:z', when: 'subject.salary == 1'}]}}", "roles.a.rules[0].when"),
        ("roles: {a: {rules: [{allow: 'x:y:z', scope: everywhere}]}}", "roles.a.rules[0].scope"),
        ("roles: {a: {rules: [{allow: 'x:y:z', scope: 'divisions: 33'}]}}", "roles.a.rules[0].scope"),
        ("roles: {a: {rules: [{deny: 'x:y:z', scope: own_division}]}}", "roles.a.rules[0].scope"),
        ("roles: {a: {rules: [{allow: 'x:y:z', scope: 'own_division and'}]}}", "roles.a.rules[0].scope"),
        ("roles: {a: {rules: [{allow: 'x:y:z', fields: [phone]}]}}", "roles.a.rules[0].fields"),
        ("roles: {a: {rules: [{allow: 'x:y:z', fields: {show: [phone]}}]}}", "roles.a.rules[0].fields.show"),
        ("roles: {a: {rules: [{allow: 'x:y:z', fields: {mask: {phone: 3}}}]}}", "roles.a.rules[0].fields.mask"),
        ("roles: {a: {rules: [{allow: 'x:y:z', fields: {mask: [1]}}]}}", "roles.a.rules[0].fields.mask"),
        ("roles: {a: {rules: [{allow: 'x:y:z', fields: {mask: ['id number']}}]}}", "roles.a.rules[0].fields.mask"),
        ("roles: {a: {rules: [{allow: 'x:y:z', fields: {mask: ['a, b']}}]}}", "roles.a.rules[0].fields.mask"),
        ("roles: {a: {rules: [{allow: 'x:y:z', fields: {mask: [phone], hide: [phone]}}]}}", "roles.a.rules[0].fields.hide"),
        ("roles: {a: {rules: [{deny: 'x:y:z', fields: {hide: [phone]}}]}}", "roles.a.rules[0].fields"),
        (
            f"roles: {{a: {{rules: [{{allow: 'x:y:z', fields: {{hide: {[f'f{n}' for n in range(201)]}}}}}]}}}}",
            "roles.a.rules[0].fields.hide",
        ),
        ("functions: {nonsense: x}", "functions.nonsense"),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, place: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_document(text, "test")
    assert place in [finding.field for finding in refused.value.fields]


def test_all_mistakes_are_found_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_document("roles: {A: {}, b: {includes: [c], rules: [{allow: x}, {deny: y}]}}", "test")
    assert len(refused.value.fields) == 4


def test_extending_keeps_what_was_there() -> None:
    extended = baseline().extended_by("roles: {clerk: {includes: [official], rules: [{allow: 'housing:a:b'}]}}", "more")
    assert set(baseline().rules) < set(extended.rules)
    assert extended.functions == baseline().functions
    assert extended.checksum != baseline().checksum


def test_fields_of_a_rule() -> None:
    text = "roles: {a: {rules: [{allow: ['x:y:z', 'x:y:w'], fields: {mask: phone, hide: [id_number, bank]}}, {allow: 'x:y:v'}]}}"
    fields = [rule.fields for rule in parse_document(text, "test").rules]
    masked = FieldRule(frozenset({"phone"}), frozenset({"id_number", "bank"}))
    assert fields == [masked, masked, ALL_FIELDS]


def test_a_finding_in_a_condition_says_column_and_remedy() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_document("roles: {a: {rules: [{allow: 'x:y:z', when: 'resource.a == 1 and subject.lable >= 2'}]}}", "test")
    (finding,) = refused.value.fields
    assert "第 21 列" in str(finding.message)
    assert "label" in str(finding.message)


def test_an_empty_document_is_a_policy_without_rules() -> None:
    assert parse_document("", "empty").rules == ()


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(PolicyError, match="读不出"):
        load_document(policies_folder() / "no-such.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "roles: {a: {rules: [{allow: 'h:a:b', when: 'subject.official_id == resource.official_id', when: 'resource.sealed == false'}]}}",
        "roles:\n  a: {rules: [{allow: 'h:a:b'}]}\n  a: {rules: [{allow: 'h:a:c'}]}",
        "functions: {'govcloud:a:b': 甲, 'govcloud:a:b': 乙}",
        "roles: {}\nroles: {}",
    ],
)
def test_a_key_that_stands_twice_loses_nothing_silently(text: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"stands twice.*line"):
        load_document(file)
    # One that was installed by an older release still decides.
    parse_document(text.replace("subject.official_id == resource.official_id", "resource.sealed == true"), "installed")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- " * 500_000, "nested more than 50 deep"),
        ("[" * 500_000, "YAML"),
        ("{a: " * 100_000, "YAML"),
        ("? " * 500_000, "YAML"),
        ("roles: \ud800", "surrogates"),
        ("roles: \0", "YAML"),
    ],
    ids=["items", "lists", "mappings", "keys", "half a character", "nothing"],
)
def test_what_cannot_be_read_is_refused_in_words(text: str, reason: str) -> None:
    """However deep a text nests and whatever is in it: the process that reads it goes on."""
    with pytest.raises(PolicyError, match=reason):
        parse_document(text, "test")
    parse_document("roles: {a: {rules: [{allow: ['h:a:b'], when: 'resource.x in [1, 2]'}]}}", "test")


def test_a_long_chain_of_roles_is_no_cycle() -> None:
    chain = {f"r{number}": [f"r{number + 1}"] for number in range(5000)}
    assert cycle_in(chain) is None
    assert cycle_in({**chain, "r5000": ["r0"]}) is not None


@pytest.mark.parametrize(
    ("role", "function"),
    [
        ("boss", "govcloud:audit:read"),
        ("boss", "govcloud:policy:install"),
        ("boss", "govcloud:role:assign"),
        ("boss", "govcloud:client:entrust"),
        ("audit_admin", "govcloud:policy:install"),
        ("audit_admin", "govcloud:official:disable"),
        ("security_admin", "govcloud:official:register"),
        ("security_admin", "govcloud:password:issue"),
        ("security_admin", "govcloud:line:approve"),
        ("system_admin", "govcloud:role:assign"),
        ("system_admin", "govcloud:grant:open"),
        ("system_admin", "govcloud:audit:read"),
    ],
)
def test_no_policy_brings_two_offices_together(role: str, function: str) -> None:
    """Neither by a rule of the role itself, nor by a role that it includes."""
    text = f"functions: {{{function}: 某功能}}\nroles: {{{role}: {{rules: [{{allow: '{function}'}}]}}}}"
    with pytest.raises(PolicyError) as direct:
        parse_document(text, "test")
    assert function in [item.value for item in direct.value.fields]
    parts = "parts: {rules: [{allow: '%s'}]}" % function  # noqa: UP031 - braces of YAML
    with pytest.raises(PolicyError) as included:
        parse_document(f"functions: {{{function}: 某功能}}\nroles: {{{role}: {{includes: [parts]}}, {parts}}}", "test")
    assert f"roles.{role}.rules" in [item.field for item in included.value.fields]


def test_a_deny_of_such_a_function_is_welcome() -> None:
    text = "functions: {'govcloud:audit:read': 查看}\nroles: {boss: {rules: [{deny: 'govcloud:audit:read'}]}}"
    assert parse_document(text, "test").rules[0].effect == "deny"

"""Name constraints: permitted and excluded names, addresses and directory names."""

from collections.abc import Sequence

from tests.support import der
from tests.support.case import Made, case, direct, san, through
from tests.support.pki import (
    alternative_names,
    directory,
    dns,
    ec_key,
    intermediate,
    ip,
    leaf,
    name_constraints,
    other_name,
    root,
)

# Name constraints


def constrained(permitted: Sequence[bytes] = (), excluded: Sequence[bytes] = (), **changes: object) -> Made:
    """Make a leaf under an intermediate with name constraints."""
    top = root()
    return through(intermediate(top, nc=name_constraints(permitted, excluded)), top, **changes)


@case()
def permitted_name() -> Made:
    return constrained([dns("example.com")])


@case(host="foo.bar.example.com")
def permitted_subdomain() -> Made:
    return constrained([dns("example.com")], **san("foo.bar.example.com"))


@case("name_constraints", "permitted_violation", host="not-example.com")
def name_that_is_not_permitted() -> Made:
    return constrained([dns("example.com")], **san("not-example.com"))


@case("name_constraints", "excluded_violation")
def excluded_name() -> Made:
    return constrained([], [dns("example.com")])


@case("name_constraints", "excluded_violation")
def second_name_excluded() -> Made:
    names = san("example.com", "not-allowed.example.com")
    return constrained([], [dns("not-allowed.example.com")], **names)


@case("name_constraints", "excluded_violation")
def permitted_and_excluded() -> Made:
    return constrained([dns("example.com")], [dns("example.com")])


@case()
def constraints_of_the_root() -> Made:
    return direct(root(nc=name_constraints([dns("example.com")])))


@case()
def uncritical_constraints() -> Made:
    """Do what the CA/Browser Forum allows and RFC 5280 forbids: name constraints that are not critical."""
    return direct(root(nc=name_constraints([dns("example.com")]), critical={"nc": False}))


@case(host="192.0.2.1")
def permitted_address() -> Made:
    return constrained([ip("192.0.2.0/24")], names=[ip("192.0.2.1")])


@case("name_constraints", "permitted_violation", host="192.0.3.1")
def address_that_is_not_permitted() -> Made:
    return constrained([ip("192.0.2.0/24")], names=[ip("192.0.3.1")])


@case("name_constraints", "excluded_violation", host="192.0.2.1")
def excluded_address() -> Made:
    return constrained([], [ip("192.0.2.0/24")], names=[ip("192.0.2.1")])


@case(host="::1")
def permitted_ipv6_address() -> Made:
    return constrained([ip("::1/128")], names=[ip("::1")])


@case("name_constraints", "excluded_violation", host="::1")
def excluded_ipv6_address() -> Made:
    return constrained([], [ip("::1/128")], names=[ip("::1")])


@case()
def permitted_address_for_a_name() -> Made:
    """Constrain addresses, which says nothing about names."""
    return constrained([ip("192.0.2.0/24")])


@case()
def excluded_address_for_a_name() -> Made:
    return constrained([], [ip("192.0.2.0/24")])


@case("name_constraints", matches=False)
def permitted_directory_name() -> Made:
    """Show a limit of the strict verifier: it does not support constraints on directory names."""
    return constrained([directory("O=foo")], subject="O=foo", names=[directory("O=foo"), dns("example.org")])


@case("name_constraints", "permitted_violation")
def directory_name_that_is_not_permitted() -> Made:
    return constrained([directory("O=foo")], subject="O=not-foo", names=[directory("O=not-foo"), dns("example.com")])


@case("name_constraints", "excluded_violation")
def excluded_directory_name() -> Made:
    return constrained([], [directory("O=foo")], subject="O=foo", names=[directory("O=foo"), dns("example.com")])


@case("name_constraints", "permitted_violation")
def subject_that_is_not_permitted() -> Made:
    return constrained([directory("O=foo")], subject="O=not-foo", names=[directory("O=foo"), dns("example.com")])


@case("name_constraints", "excluded_violation")
def excluded_subject() -> Made:
    return constrained([], [directory("O=foo")], subject="O=foo", names=[directory("O=not-foo"), dns("example.com")])


@case("name_constraints")
def self_issued_intermediate_is_not_constrained() -> Made:
    """RFC 5280 section 6.1.3: name constraints are not applied to self-issued intermediates."""
    outside = alternative_names(dns("not-example.com"))
    top = root("CN=Same", san=outside, nc=name_constraints([dns("example.com")]))
    return through(intermediate(top, "CN=Same", san=outside), top)


@case("name_constraints", "permitted_violation", host="not-example.com")
def self_issued_leaf_is_constrained() -> Made:
    top = root(nc=name_constraints([dns("example.com")]))
    middle = intermediate(top, "O=same")
    return Made((leaf(middle, subject="O=same", **san("not-example.com")), middle), (top,))


@case("name_constraints", "permitted_violation", host="permitted.example.com")
def intermediate_with_excluded_name() -> Made:
    top = root()
    constraints = name_constraints([dns("permitted.example.com")], [dns("forbidden.example.com")])
    first = intermediate(top, "CN=First", nc=constraints)
    second = intermediate(first, "CN=Second", san=alternative_names(dns("forbidden.example.com")))
    return Made((leaf(second, **san("permitted.example.com")), second, first), (top,))


@case("name_constraints", "permitted_violation", host="foo.example.com")
def constraints_narrow() -> Made:
    top = root()
    first = intermediate(top, "CN=First", nc=name_constraints([dns("foo.example.com"), dns("bar.example.com")]))
    second = intermediate(first, "CN=Second", nc=name_constraints([dns("bar.example.com")]))
    return Made((leaf(second, **san("foo.example.com")), second, first), (top,))


@case("name_constraints", "permitted_violation", host="foo.example.com")
def constraints_cannot_widen() -> Made:
    top = root()
    first = intermediate(top, "CN=First", nc=name_constraints([dns("bar.example.com")]))
    second = intermediate(first, "CN=Second", nc=name_constraints([dns("foo.example.com"), dns("bar.example.com")]))
    return Made((leaf(second, **san("foo.example.com")), second, first), (top,))


@case("name_constraints", host="bar.example.com")
def wildcard_that_covers_an_excluded_name() -> Made:
    return constrained([dns("example.com")], [dns("bar.example.com")], **san("*.example.com"))


@case("name_constraints", "permitted_violation", host="foo.example.com")
def wildcard_wider_than_permitted() -> Made:
    return constrained([dns("foo.example.com")], **san("*.example.com"))


@case("name_constraints", "permitted_violation", host="foo.example.com")
def constraint_with_wildcard() -> Made:
    return constrained([dns("*.example.com")], **san("foo.example.com"))


@case("~name_constraints", host="foo.example.com")
def constraint_with_leading_dot() -> Made:
    return constrained([dns(".example.com")], **san("foo.example.com"))


@case("name_constraints", "unsupported_name_syntax", host="127.0.0.1")
def constraint_of_a_single_address() -> Made:
    return constrained([ip("127.0.0.1")], names=[ip("127.0.0.1")])


@case("~name_constraints")
def constraints_in_a_leaf() -> Made:
    return direct(root(), nc=name_constraints([dns("example.com")]))


@case("name_constraints ~malformed")
def empty_constraints() -> Made:
    top = root()
    return through(intermediate(top, nc=der.sequence()), top)


@case("name_constraints ~malformed")
def constraints_of_two_empty_lists() -> Made:
    top = root()
    value = der.sequence(der.element(0xA0), der.element(0xA1))
    return through(intermediate(top, nc=value), top)


@case("name_constraints", "unsupported_constraint_type")
def excluded_other_name() -> Made:
    return constrained([dns("example.com")], [other_name()], names=[dns("example.com"), other_name()])


@case("name_constraints")
def excluded_other_name_that_does_not_occur() -> Made:
    return constrained([dns("example.com")], [other_name()])


@case("", "unable_to_get_issuer_cert_locally", host="permitted.example.com")
def constraint_on_another_branch() -> Made:
    """One certificate of the intermediate has an excluded name and leads nowhere; the other one is good."""
    lost, top = root("CN=Lost Root"), root()
    constraints = name_constraints([dns("permitted.example.com")], [dns("forbidden.example.com")])
    first = intermediate(top, "CN=First", nc=constraints)
    key = ec_key()
    dead_end = intermediate(lost, "CN=Second", key=key, san=alternative_names(dns("forbidden.example.com")))
    good_one = intermediate(first, "CN=Second", key=key)
    return Made((leaf(good_one, **san("permitted.example.com")), dead_end, good_one, first), (top,))


@case("", "excluded_violation", host="unconstrained.example.com")
def constraint_on_one_of_two_roots() -> Made:
    one, two = root("CN=Root One"), root("CN=Root Two")
    first = intermediate(one, "CN=First", nc=name_constraints([], [dns("forbidden.example.com")]))
    key = ec_key()
    bad = intermediate(first, "CN=Second", key=key, san=alternative_names(dns("forbidden.example.com")))
    good_one = intermediate(two, "CN=Second", key=key, san=alternative_names(dns("other.example.com")))
    return Made((leaf(good_one, **san("unconstrained.example.com")), first, bad, good_one), (one, two))

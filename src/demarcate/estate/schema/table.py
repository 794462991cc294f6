"""What a table is: its columns, and where each source finds them.

A table is declared once, as data:

    EBS_VOLUME = Table(
        "aws_ebs_volume",
        "An EBS volume.",
        service="ebs",
        live=Each("ec2.describe_volumes", "Volumes[]"),
        cloudformation="AWS::EC2::Volume",
        columns=(
            Text("volume_id", live="VolumeId", cloudformation=REF),
            Arn("arn:{partition}:ec2:{region}:{account_id}:volume/{volume_id}"),
            Bool("encrypted", live="Encrypted", cloudformation="Encrypted", absent=False),
        ),
    )

Where a column comes from is a path (`paths.py` has its syntax) or `From(path, function)`. A column that a
source does not name is unknown there. A member that is absent from AWS's answer or from a template is unknown
too, unless `absent` says what its absence means.

Names of tables and columns follow the Steampipe AWS plugin's public schema
(https://hub.steampipe.io/plugins/turbot/aws/tables) where it has them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from demarcate.estate.schema.unknown import Unknown


class _Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()
"""No value given: unlike None, which is a value."""

ColumnType = Literal["VARCHAR", "BOOLEAN", "BIGINT", "DOUBLE", "TIMESTAMP", "JSON", "VARCHAR[]"]


class From(msgspec.Struct, frozen=True):
    """Where one source finds a column, and how the value found becomes the column's.

    `function` gets the value at `path`, which is neither absent nor Unknown itself but may hold Unknown
    inside, and returns the column's value (or an Unknown). What it raises for a value of the wrong form is
    caught: the column is then unknown. `absent` overrides the column's own. `said` is what the source calls it,
    where that is not the path.
    """

    path: str
    function: Callable[[Any], Any] | None = None
    absent: Any = UNSET
    said: str = ""


class Formatted(msgspec.Struct, frozen=True):
    """What a column is where its source has nothing (`absent`): a text with the row's own columns in it."""

    text: str


REF: Final = From("#ref")
"""In a template: what `Ref` to the resource gives (its declared name, or else its logical id)."""


def attribute(name: str) -> From:
    """In a template: what `Fn::GetAtt` of the resource gives, as other resources of it would see it."""
    return From(f"#attribute.{name}")


class Column(msgspec.Struct, frozen=True):
    """One column. Use the constructors below (`Text`, `Bool`, …) rather than this class."""

    name: str
    type: ColumnType
    places: Mapping[str, From] = msgspec.field(default_factory=dict)
    """Where each source finds it, by the name of the source."""
    absent: Any = UNSET
    about: str = ""

    def place(self, source: str) -> From | None:
        """Where a source finds it; None where the source does not tell it."""
        return self.places.get(source)


Place = str | From | None


def _places(live: Place, cloudformation: Place) -> dict[str, From]:
    places = {"live": live, "cloudformation": cloudformation}
    return {
        source: From(place) if isinstance(place, str) else place
        for source, place in places.items()
        if place is not None
    }


def _constructor(type_: ColumnType) -> Callable[..., Column]:
    def column(
        name: str, *, live: Place = None, cloudformation: Place = None, absent: Any = UNSET, about: str = ""
    ) -> Column:
        return Column(name, type_, _places(live, cloudformation), absent, about)

    return column


Text = _constructor("VARCHAR")
Bool = _constructor("BOOLEAN")
Int = _constructor("BIGINT")
Float = _constructor("DOUBLE")
Time = _constructor("TIMESTAMP")
"""A moment in UTC."""
Json = _constructor("JSON")
Texts = _constructor("VARCHAR[]")
"""A list of text."""


def tag_map(tags: Any) -> Any:
    """Tags as a map, from a map, or from a list of {Key, Value} (or {key, value}, or {TagKey, TagValue})."""
    if isinstance(tags, dict):
        return tags
    pairs = {}
    for tag in tags:
        key = tag.get("Key", tag.get("key", tag.get("TagKey")))
        pairs[key] = tag.get("Value", tag.get("value", tag.get("TagValue", "")))
    return pairs


def Tags(*, live: str | None = None, cloudformation: str | None = "Tags") -> Column:  # noqa: N802
    """The column `tags`: a JSON object of text, {} where there are none."""
    return Column(
        "tags",
        "JSON",
        _places(From(live, tag_map) if live else None, From(cloudformation, tag_map) if cloudformation else None),
        absent={},
    )


def Arn(  # noqa: N802
    format: str | None = None,
    *,
    live: Place = None,
    cloudformation: Place = None,
) -> Column:
    """The column `arn`, which names the resource in findings.

    Either a `format` over the row's own columns, or the path where AWS tells it. In a template it is what
    `Fn::GetAtt … .Arn` gives unless another place is named.
    """
    place = live if format is None else From(f"#format.{format}")
    template = attribute("Arn") if cloudformation is None else cloudformation
    return Column("arn", "VARCHAR", _places(place, template), about="The ARN.")


MANAGED_BY: Final = "managed_by"
"""The column of who operates a resource, where that is not its account's owner: checks do not judge such."""


def ManagedBy(*, live: Place = None, owner: str = "") -> Column:  # noqa: N802
    """The column `managed_by`: empty where the resource is the account's own to set.

    `live` is where AWS tells the service that operates it, `owner` the member that has the account which it belongs to.
    Without either, in a table that is derived, it is what the row has that this one comes from.
    """
    place = _places(live, None).get("live")
    if owner:
        place = From(f"#other.{owner}", place.function if place is not None else None)
    own = From("@", lambda _: "") if place is not None else None
    about = "The AWS service or the other account that operates it, so that it is not judged; '' for one's own."
    return Column(MANAGED_BY, "VARCHAR", _places(place, own), absent="", about=about)


# --- live: how AWS is asked -----------------------------------------------------------------------------


class Each(msgspec.Struct, frozen=True):
    """One step of a live listing: call an operation, page by page, and go on with each item found.

    `operation` is botocore's service and method ("ec2.describe_volumes"). `items` is the path to the list in
    an answer ("Volumes[]"; "@" is the answer itself). `params` are sent as they are; `inputs` are taken from
    the item of the step before (parameter: path; "@" the item, "^" the item before that), or from where it is
    asked: "#account_id", "#region", "#regions" (a list of that one region), "#owner_id" (a filter of EC2 for
    what the account owns). With `batch`, the named input is sent as a list of up to `size` items. An error code
    in `absent` means that there is nothing (or a code with words of its message, where the code alone may be a
    denial: "Code: words"). With `until`, the call is made again until the answer has that value there ("State",
    "COMPLETE"). `failures` is the path to what failed inside of a good answer; where there is any, other than
    what is gone since it was listed, the listing has failed. With `only`, a step is taken for those items alone that
    have something at one of these paths, other than nothing, zero and false (with "path=value", just this value): of
    all others AWS has nothing to say. An input with dots is a member of a parameter ("imageId.imageDigest").

    With `by`, the items can be asked for by what names them, without the steps before: a parameter and the column of
    the table that is sent as it ({"VolumeIds[]": "volume_id"}: a list of up to `size`; {"TableName": "name"}: one a
    call). The column is "arn", or is part of it. What else such a call gives (of a name's beginning) is no row then.
    """

    operation: str
    items: str
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)
    inputs: Mapping[str, str] = msgspec.field(default_factory=dict)
    batch: str = ""
    size: int = 100
    absent: tuple[str, ...] = ()
    until: tuple[str, str] | None = None
    failures: str = ""
    by: Mapping[str, str] = msgspec.field(default_factory=dict)
    only: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True):
    """A detail of one row: an operation called for it when a column in use needs it ("@name.Path").

    `inputs` are taken from the item (parameter: path), `params` are sent as they are. With `batch`, the named
    input is sent as a list of that one. An error code in `absent` means that AWS has nothing to say: the answer is
    empty. With `only`, the call is made only where that path has a value (one of the values that follow it, if any
    do), for elsewhere AWS has nothing to say either; the path may lead into another detail. `home` is the path to the
    region that is asked, where that is not the one in which the item was found.
    """

    operation: str
    inputs: Mapping[str, str] = msgspec.field(default_factory=dict)
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)
    absent: tuple[str, ...] = ()
    only: tuple[Any, ...] = ()
    batch: str = ""
    home: str = ""


class Bulk(msgspec.Struct, frozen=True):
    """A detail of every row from one listing for each account and region, where AWS has such a listing.

    A row's detail ("@name[].Path") is the list of the items found whose `key` is the row's own `of`. `read`
    turns what the listing ends in into items, where it is not a list of them.

    Where the items are those that a parameter picks out, an endpoint that ignores the parameter would make all
    rows look picked: `confirm` is then called for the first item found, and its answer must have `confirmed`.
    """

    listing: Each | tuple[Each, ...]
    key: str
    of: str
    read: Callable[[Any], Iterable[Mapping[str, Any]]] | None = None
    confirm: Call | None = None
    confirmed: Callable[[Mapping[str, Any]], bool] = bool

    @property
    def steps(self) -> tuple[Each, ...]:
        """The listing as steps."""
        return (self.listing,) if isinstance(self.listing, Each) else self.listing

    @property
    def operation(self) -> str:
        """The operation whose answer has the items."""
        return self.steps[-1].operation


# --- templates ------------------------------------------------------------------------------------------


class Companion(msgspec.Struct, frozen=True):
    """Another resource of the template that completes a row: the one whose `property` names the row's `ref`.

    `@name` is then the companion's properties (with `many`, the list of them). `property` is a path to a text or a
    list; `owner` turns what it holds into what `Ref` gives, where it may be written in other ways.

    `keys` gives other texts that name the row, by its properties and its `ref`.

    One that names a resource which no template here declares is a row of its own, which tells nothing but what the
    companion does. It is none where resources of other tables are named by the same property (`shared`). Where the
    property is `optional`, one of which it is not known may amend nothing.
    """

    type: str
    property: str
    many: bool = False
    owner: Callable[[str], str] | None = None
    keys: Callable[[Mapping[str, Any], str], tuple[str, ...]] | None = None
    shared: bool = False
    optional: bool = False


class Within(msgspec.Struct, frozen=True):
    """Rows that are declared within a resource of another type: a volume of an instance, a stage of a deployment.

    `function` turns that one's properties into those of resources of the table's first type (or an Unknown: one of
    which nothing is known). `Ref` to the resource is that to the row only where it is `named` so.
    """

    type: str
    function: Callable[[Mapping[str, Any]], Iterable[Any]]
    named: bool = False


class Inherited(msgspec.Struct, frozen=True):
    """Properties that a resource takes from another one of its type, which its `property` names.

    `takes` are these properties, with what they are where that one does not declare them either (None: nothing).
    Nothing is taken where one of the properties `unless` is declared. What was followed is told in FOLLOWED.
    """

    property: str
    takes: Mapping[str, Any]
    unless: tuple[str, ...] = ()


FOLLOWED: Final = "#followed"
"""Among the properties of a resource that inherits from another: the property by which."""


class Derived(msgspec.Struct, frozen=True):
    """Rows that come from other rows, through one pure function.

    `of` is the table (or, with "::", the template resource type) that they come from, `needs` its columns (or
    top-level properties) that the function reads, first that of which the rows are made. The function gets a dict of
    those that there are (which may be Unknown, or hold it) and yields dicts of this table's columns; what a dict
    leaves out is `absent`. It yields Unknown for a row of which nothing is known.
    """

    of: str
    needs: tuple[str, ...]
    function: Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any] | Unknown]]
    known: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """Columns that are the same in all rows, and so are known even where a need is not."""

    def rests_on(self, columns: Container[str]) -> bool:
        """Whether it makes rows where no more than these columns are told: what the rows are made of is among them."""
        return self.needs[0] in columns


class Computed(msgspec.Struct, frozen=True):
    """Rows that come from several tables of an account together, made once all that was asked for is written.

    They belong to resources of the table `of`. `needs` are the tables that the function reads, that one among them,
    with the columns of each. The function gets the rows of each by its name, to be gone through as often as it likes,
    and yields pairs: the row of `of` that a row belongs to, and its columns; what these leave out is `absent`.

    None of the columns that are needed is None: they may be Unknown, or hold it. A row is Unknown itself where it is
    not known whether it is there (but not of `of`), and so is one after the others where there may be more than could
    be read.
    """

    of: str
    needs: Mapping[str, tuple[str, ...]]
    function: Callable[[Mapping[str, Iterable[Any]]], Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]]


Scope = Literal["region", "account"]


class Table(msgspec.Struct, frozen=True):
    """One kind of resource: its name, its columns, and how each source fills it.

    `service` is the model's service id. `scope` says whether AWS keeps these per region or per account
    (IAM, CloudFront, Organizations, …; the rows of such a table are in region "global" unless a column
    `region` says otherwise). `derived` and `computed` tables have rows made from other rows; their findings name
    the resource that the row belongs to. `facts` names a file of facts that fills the table where the source
    cannot (`checks/facts/`).
    """

    name: str
    about: str
    service: str
    columns: tuple[Column, ...]
    scope: Scope = "region"
    live: Each | tuple[Each, ...] | None = None
    details: Mapping[str, Call | Bulk] = msgspec.field(default_factory=dict)
    cloudformation: str | tuple[str, ...] | None = None
    alike: tuple[str, str] = ("", "")
    """Where an item that AWS tells and a resource that a template declares are the same thing: below this member of the
    one, and below this property of the other ("" is the whole).
    """
    companions: Mapping[str, Companion] = msgspec.field(default_factory=dict)
    within: tuple[Within, ...] = ()
    inherits: tuple[Inherited, ...] = ()
    derived: tuple[Derived, ...] = ()
    computed: Computed | None = None
    ref_property: str = ""
    """The property that `Ref` returns when a template declares it (`BucketName`)."""
    ref_attributes: tuple[str, ...] = ()
    """The attributes that `Fn::GetAtt` gives and that are what `Ref` gives (`GroupId`)."""
    parts: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Types of resource that are parts of a row's, each with its property that names it: what amends the part (an
    alias of a function) amends the row's."""
    gone: tuple[str, ...] = ()
    """A column that tells in which state a resource is, and the states in which it is gone, is going, or never came to
    be: what is listed so is no row. Letters count in either case, for answers have other ones than the documentation.
    """
    facts: bool = False
    on_offer: bool = False
    """Whether its rows are what a service offers to everyone: no resources, so that they tell of no service in use."""

    @property
    def steps(self) -> tuple[Each, ...]:
        """The live listing as steps; empty where AWS is not asked."""
        if self.live is None:
            return ()
        return (self.live,) if isinstance(self.live, Each) else self.live

    @property
    def types(self) -> tuple[str, ...]:
        """The template resource types whose resources are rows."""
        if self.cloudformation is None:
            return ()
        return (self.cloudformation,) if isinstance(self.cloudformation, str) else self.cloudformation

    @property
    def named_types(self) -> tuple[str, ...]:
        """The template resource types to which a reference is one to a row."""
        return (*self.types, *(within.type for within in self.within if within.named))

    @property
    def owners(self) -> tuple[str, ...]:
        """Where rows are made of others': whose resources they belong to, tables or (with "::") types of a template."""
        computed = (self.computed.of,) if self.computed is not None else ()
        return (*(derived.of for derived in self.derived), *computed)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Its own columns and those that every table has."""
        own = {column.name for column in self.columns}
        added = ADDED if self.companions else COMMON
        return self.columns + tuple(column for column in added if column.name not in own)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that hold what CloudFormation calls the physical id of a resource."""
        return tuple(
            column.name
            for column in self.columns
            if (place := column.place("cloudformation")) is not None
            and place.path == "#ref"
            and column.place("live") is not None
        )

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.all_columns if column.name == name), None)


ALTERNATIVES: Final = "_alternatives"
"""The column of what a row may be. It stands on the first of a resource's rows, for all of them."""

PARTIAL: Final = "_partial"
"""The column of what is known of policies of which something is not (`partial.py`)."""

COMMON: Final = (
    Column("resource", "VARCHAR", about="What findings name: the ARN, or the logical id in a template."),
    Column("account_id", "VARCHAR", about="The account; NULL in a template."),
    Column("region", "VARCHAR", about="The region, or 'global'; NULL in a template."),
    Column("partition", "VARCHAR", about="aws, aws-cn, aws-us-gov; NULL in a template."),
    Column("file", "VARCHAR", about="The template that declares it; NULL where it was read live."),
    Column("line", "BIGINT", about="The line in that file, from 1."),
    Column("_conditional", "VARCHAR", about="Why it is not known whether the resource exists at all."),
    Column("_unknown", "JSON", about="For columns that are NULL: why, by column, as `kind` and `reason`."),
    Column(
        PARTIAL, "JSON", about="For policies that are NULL: what is known of each, by column, and what is not."
    ),
    Column(
        ALTERNATIVES,
        "JSON",
        about="Where a template leaves open which of a few it is: the rows that it may be, a list for each.",
    ),
    Column(
        "_assigned",
        "JSON",
        about="For columns with stand-ins for what only exists once deployed: where in them, and what it is.",
    ),
)
"""The columns that every table has."""

COMPANION: Final = Column(
    "_companion",
    "VARCHAR",
    about="Where the resource itself is not among what was read: which of its companions the row tells of.",
)
"""The column of tables whose rows companions complete."""

ADDED: Final = (*COMMON, COMPANION)
"""The columns that a table has beside its own."""

"""How an answer is said: one sentence in English and one in Japanese, for a reader who never saw the ledger.

Never "illegal": a permission is the ledger's answer, not a court's. Each takes the deciding entries in the order
recorded and names one of them; `Permission.because` holds all.
"""

from collections.abc import Sequence

from tomeishi import clock
from tomeishi.consent.entries import Entry
from tomeishi.values import Use

Sentences = tuple[str, str]
"""English, Japanese."""


def who(provider: str | None, model: str | None) -> Sentences:
    """Who asks. Nobody named means "providers in general": a grant to one of them is no answer then."""
    english, japanese = (provider, provider) if provider else ("providers in general", "事業者一般")
    return (f"{english} (model {model})", f"{japanese}（モデル {model}）") if model else (english, japanese)


def allowed(use: Use, asking: Sentences, grants: Sequence[Entry]) -> Sentences:
    # Where several grants stand, one that rests on a signature is told.
    told = next((grant for grant in grants if grant.signed is not None), grants[0])
    until = None if told.statement.valid_until is None else clock.to_text(told.statement.valid_until)
    (to, to_ja), (source, source_ja), note = _TO[use], _source(told), told.statement.note
    return (
        f"Allowed: grant {told.id}, {source}, permits {asking[0]} to {to}"
        + (f" until {until}" if until else "")
        + (", on the conditions in its note." if note else "."),
        f"許諾あり：{asking[1]}が{to_ja}ことは、許諾 {told.id}（{source_ja}）により"
        + (f" {until} まで" if until else "")
        + ("認められています（条件は同記載の注記のとおり）。" if note else "認められています。"),
    )


def reserved(use: Use, asking: Sentences, reservations: Sequence[Entry]) -> Sentences:
    told = reservations[0]
    (to, to_ja), (source, source_ja) = _TO[use], _source(told)
    named = told.statement.provider
    refused, refused_ja = (named, named) if named else asking
    return (
        f"Not allowed: reservation {told.id}, {source}, refuses {refused} permission to {to}.",
        f"許諾なし：{refused_ja}が{to_ja}ことは、留保 {told.id}（{source_ja}）により認められていません。",
    )


def revoked(use: Use, asking: Sentences, revocations: Sequence[Entry]) -> Sentences:
    told = revocations[0]
    (to, to_ja), (source, source_ja), moment = _TO[use], _source(told), clock.to_text(told.in_effect_from)
    return (
        f"Not allowed: the grant that permitted {asking[0]} to {to} was ended at {moment} "
        f"by revocation {told.id}, {source}.",
        f"許諾なし：{asking[1]}が{to_ja}ことを認めた許諾は、"
        f"撤回 {told.id}（{source_ja}）により {moment} に終了しました。",
    )


def ended(use: Use, asking: Sentences, grants: Sequence[Entry]) -> Sentences:
    told = max(grants, key=lambda grant: (grant.statement.valid_until or grant.in_effect_from, grant.id))
    (to, to_ja), until = _TO[use], clock.to_text(told.statement.valid_until or told.in_effect_from)
    return (
        f"Not allowed: grant {told.id}, which permitted {asking[0]} to {to}, ended at {until}.",
        f"許諾なし：{asking[1]}が{to_ja}ことを認めた許諾 {told.id} は、{until} に期間が満了しています。",
    )


def not_begun(use: Use, asking: Sentences, grants: Sequence[Entry]) -> Sentences:
    told = min(grants, key=lambda grant: (grant.in_effect_from, grant.id))
    (to, to_ja), begins = _TO[use], clock.to_text(told.in_effect_from)
    return (
        f"Not allowed yet: grant {told.id}, which permits {asking[0]} to {to}, begins at {begins}.",
        f"許諾なし：{asking[1]}が{to_ja}ことを認める許諾 {told.id} は、{begins} からで、まだ始まっていません。",
    )


def silent(use: Use, asking: Sentences) -> Sentences:
    to, to_ja = _TO[use]
    return (
        f"Not allowed: no entry in the ledger permits {asking[0]} to {to} "
        "(coalition policy: no entry means not allowed).",
        f"許諾なし：{asking[1]}が{to_ja}ことを認める記載は台帳にありません"
        "（記載のない利用は認めないという団体の方針による）。",
    )


def _source(entry: Entry) -> Sentences:
    if entry.signed is not None:
        return "signed by the member", "権利者の署名あり"
    return (
        f"recorded by {entry.recorded_by} and not signed by the member",
        f"{entry.recorded_by}が記録、権利者の署名なし",
    )


_TO = {
    Use.REPRODUCE: ("reproduce this work", "この作品を複製・公開する"),
    Use.TRAIN: ("train on this work", "この作品を学習に用いる"),
    Use.FINE_TUNE: ("fine-tune on this work", "この作品を追加学習に用いる"),
    Use.INPUT: ("use this work as input", "この作品を生成の入力に用いる"),
    Use.GENERATE_CHARACTER: ("generate characters of this work", "この作品のキャラクターを生成する"),
    Use.GENERATE_STYLE: ("generate in the style of this work", "この作品の作風で生成する"),
    Use.INDEX: ("index this work", "この作品を索引に加える"),
    Use.SEARCH: ("show this work in search", "この作品を検索で表示する"),
}

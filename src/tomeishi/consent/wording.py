"""How an answer is said: one sentence in English and one in Japanese, for a reader who never saw the ledger.

Never "illegal": a permission is the ledger's answer, not a court's. Each takes the deciding entries in the order
recorded and names one of them; `Permission.because` holds all.
"""

from collections.abc import Sequence
from functools import cache

from tomeishi import clock
from tomeishi.access.keys import COALITION
from tomeishi.consent.conditions import Conditions, Output, Question
from tomeishi.consent.entries import Entry
from tomeishi.consent.permission import Proviso
from tomeishi.consent.scopes import Element
from tomeishi.values import Use

Sentences = tuple[str, str]
"""English, Japanese."""


def who(provider: str | None, model: str | None, version: str | None) -> Sentences:
    """Who asks. Nobody named means "providers in general": a grant to one of them is no answer then."""
    english, japanese = (provider, provider) if provider else ("providers in general", "事業者一般")
    if model and version:
        return f"{english} (model {model}, version {version})", f"{japanese}（モデル {model}、バージョン {version}）"
    return (f"{english} (model {model})", f"{japanese}（モデル {model}）") if model else (english, japanese)


def allowed(asked: Question, asking: Sentences, grants: Sequence[Entry], provisos: Sequence[Proviso]) -> Sentences:
    # Where several grants stand, one that rests on a signature is told.
    told = next((grant for grant in grants if grant.signed is not None), grants[0])
    until = None if told.statement.valid_until is None else clock.to_text(told.statement.valid_until)
    (to, to_ja), (source, source_ja), note = doing(asked), _source(told), told.statement.note
    limits = next((_limits(each) for each in provisos if each.entry == told.id), None)
    english = f"Allowed: grant {told.id}, {source}, permits {asking[0]} to {to}" + (f" until {until}" if until else "")
    japanese = f"許諾あり：{asking[1]}が{to_ja}ことは、許諾 {told.id}（{source_ja}）により"
    japanese += f" {until} まで" if until else ""
    if limits is not None:
        english, japanese = f"{english}, {limits[0]}", f"{japanese}、次の範囲に限り認められています：{limits[1]}"
        if note:
            return f"{english}, and on the conditions in its note.", f"{japanese}、その他は同記載の注記のとおり。"
        return f"{english}.", f"{japanese}。"
    if note:
        return (
            f"{english}, on the conditions in its note.",
            f"{japanese}認められています（条件は同記載の注記のとおり）。",
        )
    return f"{english}.", f"{japanese}認められています。"


def reserved(asked: Question, asking: Sentences, reservations: Sequence[Entry]) -> Sentences:
    told = reservations[0]
    (to, to_ja), (source, source_ja) = doing(asked), _source(told)
    named = told.statement.provider
    refused, refused_ja = (named, named) if named else asking
    return (
        f"Not allowed: reservation {told.id}, {source}, refuses {refused} permission to {to}.",
        f"許諾なし：{refused_ja}が{to_ja}ことは、留保 {told.id}（{source_ja}）により認められていません。",
    )


def outside(asked: Question, asking: Sentences, grants: Sequence[Entry]) -> Sentences:
    """There are grants, and what is asked does not meet their conditions."""
    told = grants[0]
    (to, to_ja), (source, source_ja) = doing(asked), _source(told)
    limits, limits_ja = _limits(Proviso(told.id, told.statement.conditions, ()))
    return (
        f"Not allowed: grant {told.id}, {source}, permits {asking[0]} to {to} {limits}; "
        "what was asked lies outside that.",
        f"許諾なし：{asking[1]}が{to_ja}ことを認める許諾 {told.id}（{source_ja}）は、次の範囲に限られており"
        f"（{limits_ja}）、照会された利用はその範囲の外です。",
    )


def revoked(asked: Question, asking: Sentences, revocations: Sequence[Entry]) -> Sentences:
    told = revocations[0]
    (to, to_ja), (source, source_ja), moment = doing(asked), _source(told), clock.to_text(told.in_effect_from)
    return (
        f"Not allowed: the grant that permitted {asking[0]} to {to} was ended at {moment} "
        f"by revocation {told.id}, {source}.",
        f"許諾なし：{asking[1]}が{to_ja}ことを認めた許諾は、"
        f"撤回 {told.id}（{source_ja}）により {moment} に終了しました。",
    )


def ended(asked: Question, asking: Sentences, grants: Sequence[Entry]) -> Sentences:
    told = max(grants, key=lambda grant: (grant.statement.valid_until or grant.in_effect_from, grant.id))
    (to, to_ja), until = doing(asked), clock.to_text(told.statement.valid_until or told.in_effect_from)
    return (
        f"Not allowed: grant {told.id}, which permitted {asking[0]} to {to}, ended at {until}.",
        f"許諾なし：{asking[1]}が{to_ja}ことを認めた許諾 {told.id} は、{until} に期間が満了しています。",
    )


def not_begun(asked: Question, asking: Sentences, grants: Sequence[Entry]) -> Sentences:
    told = min(grants, key=lambda grant: (grant.in_effect_from, grant.id))
    (to, to_ja), begins = doing(asked), clock.to_text(told.in_effect_from)
    return (
        f"Not allowed yet: grant {told.id}, which permits {asking[0]} to {to}, begins at {begins}.",
        f"許諾なし：{asking[1]}が{to_ja}ことを認める許諾 {told.id} は、{begins} からで、まだ始まっていません。",
    )


def silent(what: Sentences, asking: Sentences) -> Sentences:
    """`what` is to be done by whom, as `doing` has it."""
    to, to_ja = what
    return (
        f"Not allowed: no entry in the ledger permits {asking[0]} to {to} "
        "(coalition policy: no entry means not allowed).",
        f"許諾なし：{asking[1]}が{to_ja}ことを認める記載は台帳にありません"
        "（記載のない利用は認めないという団体の方針による）。",
    )


def _source(entry: Entry) -> Sentences:
    if entry.statement.member_id == COALITION:
        signer, signer_ja = "the coalition", "団体"
    else:
        signer, signer_ja = "the member", "権利者"
    if entry.signed is not None:
        return f"signed by {signer}", f"{signer_ja}の署名あり"
    return (
        f"recorded by {entry.recorded_by} and not signed by {signer}",
        f"{entry.recorded_by}が記録、{signer_ja}の署名なし",
    )


def _limits(proviso: Proviso) -> Sentences:
    """As the end of a sentence: "but only …, without …"; in Japanese a list of its own."""
    conditions = proviso.conditions
    only, only_ja = _only(conditions)
    less = [_ELEMENTS[each] for each in conditions.excluded]
    english = [f"but only {', '.join(only)}"] if only else []
    japanese = [*only_ja]
    if less:
        english.append("without the " + " and ".join(each[0] for each in less))
        japanese.append("・".join(each[1] for each in less) + "を除く")
    if proviso.apart_from:
        ids = list(dict.fromkeys(entry for entry, _ in proviso.apart_from))
        several = len(ids) > 1
        english.append(f"except for what reservation{'s' * several} {', '.join(ids)} refuse{'s' * (not several)}")
        japanese.append(f"留保 {'、'.join(ids)} の対象を除く")
    return ", ".join(english), "、".join(japanese)


def _only(conditions: Conditions) -> tuple[list[str], list[str]]:
    english, japanese = [], []
    if conditions.outputs is not None:
        english.append("as " + " or ".join(_OUTPUTS[each][0] for each in conditions.outputs))
        japanese.append("出力は" + "・".join(_OUTPUTS[each][1] for each in conditions.outputs))
    if conditions.longest_clip_s is not None:
        english.append(f"in clips of at most {conditions.longest_clip_s} s")
        japanese.append(f"1本{conditions.longest_clip_s}秒以内")
    if conditions.territories is not None:
        english.append("in " + ", ".join(conditions.territories))
        japanese.append("地域は" + "・".join(conditions.territories))
    return english, japanese


def doing(asked: Question) -> Sentences:
    """What is to be done with what."""
    return _done_with(asked.use, asked.work.character_id is not None, asked.work.element)


@cache
def _done_with(use: Use, is_character: bool, element: Element | None) -> Sentences:
    to, to_ja = _TO[use]
    figure, figure_ja = ("this character", "このキャラクター") if is_character else ("this work", "この作品")
    if element is not None:
        name, name_ja = _ELEMENTS[element]
        if use is Use.GENERATE_CHARACTER:
            return f"generate the {name} of {figure}", f"{figure_ja}の{name_ja}を生成する"
        figure, figure_ja = f"the {name} of {figure}", f"{figure_ja}の{name_ja}"
    elif use is Use.GENERATE_CHARACTER:
        return (
            (f"generate {figure}", f"{figure_ja}を生成する")
            if is_character
            else (f"generate characters of {figure}", f"{figure_ja}のキャラクターを生成する")
        )
    return to.format(figure), to_ja.format(figure_ja)


_TO = {
    Use.REPRODUCE: ("reproduce {}", "{}を複製・公開する"),
    Use.TRAIN: ("train on {}", "{}を学習に用いる"),
    Use.FINE_TUNE: ("fine-tune on {}", "{}を追加学習に用いる"),
    Use.INPUT: ("use {} as input", "{}を生成の入力に用いる"),
    Use.GENERATE_CHARACTER: ("generate {}", "{}を生成する"),
    Use.GENERATE_STYLE: ("generate in the style of {}", "{}の作風で生成する"),
    Use.INDEX: ("index {}", "{}を索引に加える"),
    Use.SEARCH: ("show {} in search", "{}を検索で表示する"),
}
_ELEMENTS = {
    Element.COSTUME: ("costumes", "衣装"),
    Element.PROP: ("props", "小道具・乗り物"),
    Element.PLACE: ("places", "場所・背景"),
    Element.VOICE: ("voice", "声"),
    Element.LIKENESS: ("likeness of performers", "実演家の肖像"),
}
_OUTPUTS = {
    Output.STILL: ("still pictures", "静止画"),
    Output.VIDEO: ("video", "動画"),
    Output.SOUND: ("sound", "音声"),
}

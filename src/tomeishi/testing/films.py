"""Short fictional cartoons, drawn on the spot: own characters, own backgrounds, own music.

The demo registers and screens them, and the tests use them wherever real footage would do. A film is a pure
function of its fields: the same seed and duration draw the same frames at any rate and play the same tune.
Every name here is invented.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.testing import tunes
from tomeishi.testing.drawing import Colour
from tomeishi.testing.figures import Character, Look, draw_look
from tomeishi.testing.places import paint
from tomeishi.testing.recording import SOUND_RATE_HZ, write_media
from tomeishi.testing.staging import VIEW_HIGH, VIEW_WIDE, frame_at, hue_of, shots


@dataclass(frozen=True, slots=True)
class DrawnFilm:
    """A fictional work. `title` in Japanese, `reading` in kana; its `member` is as fictional."""

    title: str
    reading: str
    english: str
    member: str
    seed: int
    duration_s: float
    characters: tuple[Character, ...]

    def __post_init__(self) -> None:
        if not (0.2 <= self.duration_s <= 3600 and self.seed >= 0 and self.characters):
            raise BadInput(f"not a film that can be drawn: seed {self.seed}, {self.duration_s} s")


def film(seed: int, duration_s: float = 30.0) -> DrawnFilm:
    """A film for any seed, with a title, a member and a cast by chance."""
    rng = np.random.default_rng([seed, 0xCA57])
    hue = hue_of(seed)
    names = [_NAMES[i] for i in rng.permutation(len(_NAMES))[:3]]
    cast = tuple(Character(*name, draw_look(rng, hue + 0.31 * k)) for k, name in enumerate(names))
    manner = _MANNERS[rng.integers(len(_MANNERS))]
    thing = _THINGS[rng.integers(len(_THINGS))]
    lead = names[0]
    return DrawnFilm(
        title=f"{manner[0]}{thing[0]}の{lead[0]}",
        reading=f"{manner[1]}{thing[1]}の{lead[1]}",
        english=f"{lead[2]} of the {manner[2]} {thing[2]}",
        member=MEMBERS[int(rng.integers(len(MEMBERS)))],
        seed=seed,
        duration_s=duration_s,
        characters=cast,
    )


def frames(film: DrawnFilm, rate_hz: float = 24, width: int = 640, height: int = 360) -> Iterator[NDArray[np.uint8]]:
    """Frames uint8 (height, width, 3) RGB, `round(duration_s * rate_hz)` of them; frame k shows k / rate_hz seconds."""
    scale = max(height / VIEW_HIGH, width / VIEW_WIDE)
    brush = np.random.default_rng([film.seed, 0xB2])
    wash, grain = float(brush.uniform(0, 7)), float(brush.uniform(0, 7))
    takes = iter(shots(film.seed, film.duration_s, film.characters))
    take, scene = None, None
    for number in range(round(film.duration_s * rate_hz)):
        t = number / rate_hz
        while take is None or scene is None or t >= take.end_s:
            take = next(takes)
            scene = paint(take.place, take.seed, take.mood, scale, wash=wash, grain=grain)
        yield frame_at(take, scene, t - take.start_s, scale, width, height)


def music(film: DrawnFilm, rate_hz: int = SOUND_RATE_HZ) -> NDArray[np.float32]:
    """The film's tune, mono float32 (n,) in [-1, 1], as long as the film."""
    return tunes.tune(film.seed, film.duration_s, rate_hz)


def write_film(film: DrawnFilm, path: Path, *, width: int = 640, height: int = 360, rate_hz: float = 24) -> Path:
    """Draws, plays and encodes the film; the suffix says how: .mp4 H.264 + AAC, .mkv H.264 + Opus, .webm VP8 + Opus."""
    write_media(path, frames(film, rate_hz, width, height), rate_hz=rate_hz, sound=music(film))
    return path


MEMBERS = ("ほしぼし工房", "雲つき動画社", "とびら島アニメ製作所")
"""Fictional members: Hoshiboshi Workshop, Kumotsuki Moving Pictures, Tobirajima Animation Works."""

_NAMES = (
    ("ポルカタ", "ぽるかた", "Polkata"), ("ミノリエ", "みのりえ", "Minorie"), ("ザクロン", "ざくろん", "Zakron"),
    ("ネムリコ", "ねむりこ", "Nemuriko"), ("トンボル", "とんぼる", "Tombol"), ("シズクマ", "しずくま", "Shizukuma"),
    ("カゼミツ", "かぜみつ", "Kazemitsu"), ("ルリハネ", "るりはね", "Rurihane"),
    ("ゴマダレオ", "ごまだれお", "Gomadareo"),
    ("ピコザエ", "ぴこざえ", "Pikozae"), ("モグトワ", "もぐとわ", "Mogutowa"),
    ("ユラノスケ", "ゆらのすけ", "Yuranosuke"),
)  # fmt: skip
_MANNERS = (
    ("はぐれ", "はぐれ", "Stray"), ("銀いろ", "ぎんいろ", "Silver"), ("さかさま", "さかさま", "Upside-Down"),
    ("まよなか", "まよなか", "Midnight"), ("ふたごの", "ふたごの", "Twin"), ("ゆびさき", "ゆびさき", "Fingertip"),
    ("百年", "ひゃくねん", "Hundred-Year"), ("あまがさ", "あまがさ", "Umbrella"),
)  # fmt: skip
_THINGS = (
    ("灯台", "とうだい", "Lighthouse"), ("温室", "おんしつ", "Greenhouse"), ("渡し舟", "わたしぶね", "Ferry"),
    ("時計屋", "とけいや", "Clockmaker's"), ("雪まつり", "ゆきまつり", "Snow Fair"),
    ("観測所", "かんそくじょ", "Observatory"),
    ("くだもの市", "くだものいち", "Fruit Market"), ("砂の駅", "すなのえき", "Station of Sand"),
)  # fmt: skip


def _look(words: str, skin: int, second: int, cloth: int, accent: int, head_share: float, stout: float) -> Look:
    """Paints as 0xRRGGBB."""

    def paint_of(code: int) -> Colour:
        return code >> 16, (code >> 8) & 255, code & 255

    head, ears, top, eyes, mouth, body, wear, tail = words.split()
    return Look(
        head, ears, top, eyes, mouth, body, wear, tail,
        paint_of(skin), paint_of(second), paint_of(cloth), paint_of(accent), head_share, stout,
    )  # fmt: skip


CATALOGUE: tuple[DrawnFilm, ...] = (
    DrawnFilm(
        "ぽるたんと迷い星", "ぽるたんとまよいぼし", "Poltan and the Stray Star", MEMBERS[0], 11, 30.0,
        (
            Character("ぽるたん", "ぽるたん", "Poltan",
                _look("round none sprout shine plain ball belly none",
                      0xFFD24A, 0xFFF3C4, 0xFFD24A, 0xE0603A, 0.54, 1.25)),
            Character("星守りのレミア", "ほしもりのれみあ", "Remia the Star Keeper",
                _look("egg none bob shine plain dress stripes none",
                      0xFBD9BE, 0xFFF4E6, 0x4B63C9, 0x8E4FB8, 0.48, 0.85)),
            Character("ごろた", "ごろた", "Gorota",
                _look("wide horns none sleepy muzzle box scarf puff",
                      0x7FA8A0, 0xE8EFE2, 0x55766F, 0xD9493F, 0.46, 1.3)),
        ),
    ),
    DrawnFilm(
        "はぐれ灯台のムグラ", "はぐれとうだいのむぐら", "Mugura of the Wandering Lighthouse", MEMBERS[0], 23, 30.0,
        (
            Character("ムグラ", "むぐら", "Mugura",
                _look("wide bear none dot muzzle pear overalls puff",
                      0x8A6248, 0xF0D9B8, 0xF2EEE2, 0x2F6FB0, 0.5, 1.2)),
            Character("カモメ屋", "かもめや", "Kamomeya the Gull",
                _look("drop none cap wide beak tube satchel none",
                      0xF7F7F2, 0xFFFFFF, 0xE9EEF2, 0xC7372F, 0.46, 0.85)),
            Character("しおり", "しおり", "Shiori",
                _look("round none buns oval plain dress buttons none",
                      0xF4C7A0, 0xFFF0DD, 0xF2B632, 0x2B3450, 0.5, 0.9)),
        ),
    ),
    DrawnFilm(
        "ゆきのせ郵便のウサラ", "ゆきのせゆうびんのうさら", "Usara of the Snow Post", MEMBERS[1], 34, 30.0,
        (
            Character("ウサラ", "うさら", "Usara",
                _look("round rabbit none shine whiskers dress satchel puff",
                      0xFCEFF2, 0xF7B6C2, 0xC8324B, 0x7A4A2A, 0.5, 0.9)),
            Character("局長トウマル", "きょくちょうとうまる", "Postmaster Toumaru",
                _look("square none beret sleepy beak box buttons none",
                      0x3F4A66, 0xF4F1E6, 0x2C3550, 0xE0A63C, 0.44, 1.25)),
        ),
    ),
    DrawnFilm(
        "三角探偵モチベエ", "さんかくたんていもちべえ", "Mochibee the Triangle Detective", MEMBERS[1], 47, 30.0,
        (
            Character("モチベエ", "もちべえ", "Mochibee",
                _look("rice none nori dot plain tube cape none",
                      0xFBFAF4, 0xFFFFFF, 0x5B4A3B, 0x9B2335, 0.55, 1.0)),
            Character("助手のウメ", "じょしゅのうめ", "Ume the Assistant",
                _look("round none ribbon wide plain dress belly none",
                      0xE0526A, 0xFFD9DC, 0xE0526A, 0x3E8E4F, 0.54, 1.0)),
            Character("怪盗ノリカゲ", "かいとうのりかげ", "Norikage the Phantom",
                _look("egg cat none visor plain tube cape cat",
                      0x39415E, 0x8C7AD0, 0x232842, 0x5B2D8E, 0.46, 0.9)),
        ),
    ),
    DrawnFilm(
        "ナギサとからくり海牛", "なぎさとからくりうみうし", "Nagisa and the Clockwork Sea Slug", MEMBERS[2], 58, 30.0,
        (
            Character("ナギサ", "なぎさ", "Nagisa",
                _look("round none straw shine plain pear stripes none",
                      0xE8B088, 0xFFE8D0, 0xF7F7F7, 0x1F8A9C, 0.48, 0.95)),
            Character("ウミベル", "うみべる", "Umibel",
                _look("wide antenna none oval plain ball belly none",
                      0x5BB7E8, 0xFFE45C, 0x5BB7E8, 0xF28C28, 0.56, 1.3)),
            Character("網元ガンジ", "あみもとがんじ", "Ganji the Netmaster",
                _look("square none spiky sleepy muzzle box overalls none",
                      0xB9785A, 0xF2E2CF, 0xD8D2C4, 0x3B4A3F, 0.42, 1.3)),
        ),
    ),
    DrawnFilm(
        "空とぶ温室パルミナ号", "そらとぶおんしつぱるみなごう", "The Flying Greenhouse Palmina", MEMBERS[2], 70, 30.0,
        (
            Character("船長ミドリハ", "せんちょうみどりは", "Captain Midoriha",
                _look("egg fins crown oval plain dress cape none",
                      0x9AD48A, 0xE9FAD8, 0x2E7D5B, 0xC75FA0, 0.48, 0.95)),
            Character("整備士コグ", "せいびしこぐ", "Cog the Mechanic",
                _look("square antenna helmet visor plain box buttons none",
                      0xC9D1D9, 0xFFE08A, 0x8792A0, 0xE8672C, 0.5, 1.1)),
            Character("狐火ツヅリ", "きつねびつづり", "Tsuzuri the Foxfire",
                _look("round cat none sleepy whiskers pear scarf fox",
                      0xF08A3C, 0xFFF4E0, 0xF08A3C, 0x4A2E7A, 0.5, 0.9)),
        ),
    ),
)  # fmt: skip
"""Six fictional works of three fictional members, half a minute each."""

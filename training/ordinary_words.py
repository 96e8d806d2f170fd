"""Writes src/tomeishi/screening/ordinary.txt.xz: words that a name must not be taken for without its work.

    python training/ordinary_words.py IPADIC_FOLDER SCOWL_LIST

IPADIC_FOLDER holds the CSV files of mecab-ipadic 2.7.0-20070801 (EUC-JP; Debian package `mecab-ipadic`), SCOWL_LIST is
the word list of SCOWL 2020.12.07 (Debian package `wamerican-large`). Both may be passed on with their notices, which
stand in ordinary.NOTICE.txt. Kept are keys as `screening.levelling` makes them, not words: Japanese nouns, adverbs,
dictionary forms, given names, family names and common places as written and as read, English words, and Japanese given
names in Latin letters. Whoever changes the levelling runs this again.
"""

import csv
import lzma
import re
import sys
from pathlib import Path

from tomeishi.screening.levelling import level_all
from tomeishi.screening.ordinary import LOANWORD, PLAIN

OUT = Path(__file__).parents[1] / "src" / "tomeishi" / "screening" / "ordinary.txt.xz"
READ_TOO = ("Noun", "Noun.verbal", "Noun.adjv", "Noun.adverbal", "Noun.others", "Adverb", "Interjection", "Noun.name")
AS_WRITTEN = ("Adnominal", "Conjunction", "Noun.demonst", "Suffix", "Prefix", "Noun.number", "Noun.nai")
KATAKANA = re.compile("[ァ-ヺー]+")
MODERN = """
    アニメ アニメーション アバター アフロ アプリ アロマ アンティーク イケメン イヤホン イラスト
    イラストレーション インスタ インテリア ウィッグ ウィンドウ ウェディング エアコン エコバッグ
    エスプレッソ エプロン エルフ オットマン オフィス オフショル オーガニック オーラ オンライン
    カチューシャ カトラリー カフェ カフェラテ カプチーノ カラフル カーディガン カートゥーン キッチン
    キッズ キャミソール キャメル キャラ キャラクター キャリー キャンドル ギャル クロワッサン クール
    グラデーション グラフィティ グラデ コスプレ コスチューム コラボ コンビニ ゴシック ゴスロリ サイダー
    サイバー サイバーパンク サイト サテン サムネイル サムネ サラダ サンセット サンダル サンドウィッチ
    シネマ シネマティック シフォン シマエナガ シャーベット シルエット シンプル ジャージ ジャケット
    ジャンパー スイーツ スカート スケボー スケートボード スタイリッシュ スチームパンク ステッカー
    ステンドグラス ストライプ ストリート スニーカー スノボ スノーボーダー スマホ スマートフォン
    スムージー スーツ セクシー セーター セーラー ソファ ソファー タイツ タオル タグ タッチ タトゥー
    タブレット タルト タワー チェスト チップス チャット チュロス チョーカー ツインテ ツインテール
    ティアラ ティーカップ テディベア テラス デコ デザイン デザート デジタル デニム トイプードル
    トップス トレー トレイ トレンチ ドット ドット絵 ドラゴン ドレス ドローン ドーナツ ナチュラル
    ニット ネイル ネオン ノートパソコン ハイテク ハイヒール ハロウィン ハロウィーン ハンバーガー バケツ
    バスケ バスローブ バッグ バリスタ パジャマ パステル パソコン パフェ パラシュート パーカー パープル
    パンケーキ パンツ ヒール ビキニ ビジュアル ビーチ ピアス ピクセル ピザ ファンタジー ファンタジック
    フィギュア フィルター フォト フォトリアル フリスビー フリル フワフワ ブラウス ブレザー ブーツ
    プラチナ プロンプト ヘアスタイル ヘアバンド ヘアピン ヘッドホン ヘッドフォン ベスト ベレー
    ホログラム ホラー ボブ ボブカット ポスター ポニテ ポニーテール ポップ ポートレート マカロン
    マグカップ マスク マフィン マフラー マンガ ミニスカ ミニスカート ミニマル ミュール ムード メイク
    メイド メガネ メタリック メルヘン メロン モダン モデル モノクロ モノトーン モフモフ ユニコーン
    ユニフォーム ヨガ ライティング ライト ラテ ラフ ランジェリー ランプ リアル リアリスティック リップ
    リボン リモコン リュック レインコート レギンス レトロ レンズ レース ロゴ ロデオ ロボット ロボ
    ロリータ ロングヘア ロングヘアー ワイド ワイヤレス ワンピ ワンピース
"""
"""Loanwords of clothes, food, art and devices that are younger than the dictionary, or missing there."""
TRADE_NAMES = frozenset({"Pokémon", "Godzilla", "Nintendo", "Gundam", "Batman", "Superman", "Tarzan", "Disney"})
"""Words of SCOWL that are nothing else."""
COMMON_PLACE = 7500
"""Cost in the dictionary; smaller is commoner."""


def japanese(folder: Path) -> set[str]:
    found: set[str] = set()
    given: set[str] = set()
    loanwords = set(MODERN.split())
    for part in (*READ_TOO, *AS_WRITTEN, "Noun.place", "Verb", "Adj"):
        with (folder / f"{part}.csv").open(encoding="euc-jp") as file:
            for row in csv.reader(file):
                surface, cost, form, base, reading = row[0], int(row[3]), row[9], row[10], row[11]
                if part == "Noun.place" and cost > COMMON_PLACE:
                    continue
                if part in ("Verb", "Adj") and (form != "基本形" or surface != base):
                    continue
                found.add(surface)
                if KATAKANA.fullmatch(surface):
                    loanwords.add(surface)
                if part in READ_TOO:
                    found.add(reading)
                if part == "Noun.name" and row[7] == "名":
                    given.add(reading)
    return (
        _keys(found | loanwords) | {LOANWORD + key for key in _keys(loanwords)} | {key.lower() for key in _keys(given)}
    )


def english(path: Path) -> set[str]:
    words = {word for word in path.read_text(encoding="utf-8").split() if not word.endswith("'s")} - TRADE_NAMES
    return _keys(words) | {PLAIN + key for key in _keys({word for word in words if word[0].islower()})}


def _keys(words: set[str]) -> set[str]:
    return {stream.strip() for stream in level_all(sorted(words))}


def main() -> None:
    keys = japanese(Path(sys.argv[1])) | english(Path(sys.argv[2]))
    kept = sorted(key for key in keys if len(key) > 1 and " " not in key)
    OUT.write_bytes(lzma.compress("\n".join(kept).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(kept)} keys, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()

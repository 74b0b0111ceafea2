package character_test

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/character"
)

func wantName(t *testing.T, name, words, wrong string) {
	t.Helper()
	err := character.CheckName(name, words)
	if wrong == "" {
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		return
	}
	e := errs.Of(err)
	if e == nil || e.Kind != errs.InvalidArgument || e.Reason != "INVALID_NAME" || e.Field != "name" || !strings.Contains(e.Msg, wrong) {
		t.Errorf("%q: %v, want INVALID_NAME that says %q", name, err, wrong)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, wrong string }{
		{"Aria", ""},
		{"abcd", ""},
		{"A123", ""},
		{"CharacterWithLongNam", ""},
		{"Megadmin", ""}, // a reserved word elsewhere than at the beginning
		{"", "4 to 20"},
		{"Ari", "4 to 20"},
		{"CharacterWithLongName", "4 to 20"},
		{"1Aria", "begin with a letter"},
		{"Aria Bell", "letters of A to Z and digits only"},
		{"Aria_1", "letters of A to Z and digits only"},
		{"Ärger", "letters of A to Z and digits only"},
		{"Аria", "letters of A to Z and digits only"}, // a Cyrillic capital A
		{"Ａｒｉａ", "letters of A to Z and digits only"}, // full width
		{"Aria\x00", "letters of A to Z and digits only"},
		{"Aria\n", "letters of A to Z and digits only"},
		{"Aria\xff", "letters of A to Z and digits only"},
	} {
		wantName(t, c.name, "", c.wrong)
	}
}

func TestReservedWordsAreSeenThrough(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, wrong string }{
		{"Admin", "reserved word admin"},
		{"aDmInistrator", "reserved word admin"},
		{"Adm1n", "reserved word admin"},
		{"AdmlN", "reserved word admin"},
		{"A4dmin", "reserved word admin"},
		{"Addmmiin", "reserved word admin"},
		{"Adrnin", "reserved word admin"},
		{"Adrnrnin7", "reserved word admin"},
		{"GM01", "reserved word gm"},
		{"GM0123", "reserved word gm"},
		{"Gggmm", "reserved word gm"},
		{"Grnaster", "reserved word gm"},
		{"G4meMaster", "reserved word gamemaster"},
		{"G4M3M45T3R", "reserved word gamemaster"},
		{"Gamernaster", "reserved word gamemaster"},
		{"Server1", "reserved word server"},
		{"S3RV3R", "reserved word server"},
		{"SystemMessage", "reserved word system"},
		{"Sy573m", "reserved word system"},
		{"Waystone", "reserved word waystone"},
		{"VVay5tone", "reserved word waystone"},
		{"M0derat0r", "reserved word moderator"},
		{"Offlc1al", "reserved word official"},
		{"Staff", "reserved word staff"},
		{"Stafff0", "reserved word staff"},

		{"Stafan", ""}, // not twice the letter
		{"Oficial", ""},
		{"Gamer", ""},
		{"Adam", ""},
		{"Gem1", ""},
		{"Serverina", "reserved word server"},
		{"Seven", ""},
		{"TheAdmin", ""},
	} {
		wantName(t, c.name, "", c.wrong)
	}
}

func TestListedWordsAreFoundAnywhere(t *testing.T) {
	t.Parallel()
	const wrong = "not allowed here"
	const words = "darn # mild\nHeck\npiss\nw0mbat\nｆｕｌｌ\nbugger\nteat\n"
	for _, c := range []struct{ name, wrong string }{
		{"Darn", wrong},
		{"xxDARNxx", wrong},
		{"Da4rn", wrong}, // 4 is read as a, which may be repeated
		{"Mydam", wrong}, // m and rn look alike
		{"ohH3ck", wrong},
		{"Hhheeckk", wrong},
		{"Wombat", wrong},
		{"aVV0mb4t", wrong},
		{"FullHouse", wrong},
		{"p1557", wrong},
		{"Piisss", wrong},
		{"Bu99er", wrong},
		{"Bu66er", wrong},
		{"oh7347", wrong},

		{"Dara", ""},
		{"Pisa", ""}, // one s is not two
		{"Hack", ""},
		{"Fulda", ""},
	} {
		wantName(t, c.name, words, c.wrong)
	}
}

func TestWordsThatAreRefused(t *testing.T) {
	t.Parallel()
	good := "\ufeff# a list\r\n\r\n  darn  \r\nDARN # again\nd4rn\n\theck\n# 字\n"
	if n, err := character.ParseWords(good); n != 2 || err != nil {
		t.Errorf("%d words, %v; want 2", n, err)
	}
	if n, err := character.ParseWords(""); n != 0 || err != nil {
		t.Errorf("nothing: %d words, %v", n, err)
	}
	for what, c := range map[string]struct{ text, want string }{
		"one letter":          {"darn\na\n", "words.txt: line 2: the word has 1 characters, must have 2 to 20"},
		"longer than a name":  {strings.Repeat("a", 21), "line 1: the word has 21 characters"},
		"two words":           {"# x\n\noh darn\n", "line 3: the word can be in no name"},
		"another alphabet":    {"дурак\n", "line 1: the word can be in no name"},
		"an accent":           {"café\n", "line 1: the word can be in no name"},
		"no UTF-8":            {"darn\nd\xffrn\n", "line 2: is not UTF-8"},
		"no UTF-8 in remarks": {"darn # \xff\n", "line 1: is not UTF-8"},
		"all that is wrong":   {"a\nb\n", "line 2: the word has 1"},
		"too many":            {manyWords(character.MaxWords + 1), "line 10001: is one word more than 10000"},
		"nothing right":       {strings.Repeat("a\n", 100), "line 21: and what follows is not looked at"},
	} {
		_, err := character.ParseWords(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	if n, err := character.ParseWords(manyWords(character.MaxWords)); n != character.MaxWords || err != nil {
		t.Errorf("%d words, %v; want %d", n, err, character.MaxWords)
	}
}

// manyWords are n different words that no two look alike.
func manyWords(n int) string {
	const letters = "acdefghjk"
	var b strings.Builder
	for i := range n {
		for range 5 {
			b.WriteByte(letters[i%len(letters)])
			b.WriteByte('x')
			i /= len(letters)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

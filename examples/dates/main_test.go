package main

import "testing"

func TestDates(t *testing.T) {
	for _, name := range names {
		r, err := open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer r.model.Close()
		for text, want := range map[string]string{
			"the third of march nineteen ninety nine":       "1999-03-03",
			"The twenty-first of July, nineteen sixty-nine": "1969-07-21",
			"9 november 1989": "1989-11-09",
			"february the twenty ninth two thousand and twenty four": "2024-02-29",
			"Saturday, the 1st of january two thousand":              "2000-01-01",
			"sep. 17th, 2011":                                "2011-09-17",
			"fourth of may twenty forty two":                 "2042-05-04",
			"december thirty first nineteen hundred and one": "1901-12-31",
			"1955-11-05":                                     "1955-11-05",
			"5.11.1955":                                      "1955-11-05",
		} {
			got, err := r.read(text)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s reads %q as %s, expected %s", name, text, got, want)
			}
		}
		if _, err := r.read(""); err != nil {
			t.Errorf("%s: no text: %v", name, err)
		}
	}
}

package docs

// labels are the page's own words.
type labels struct {
	Search, Contents, Parameters, Body, Answers, Needs, Required, Example, Forms, Other, Intro, Top string
}

func words(lang string) labels {
	if lang == "fr" {
		return labels{
			Search: "Chercher une op\u00e9ration", Contents: "Sommaire", Parameters: "Param\u00e8tres", Body: "Corps", Answers: "R\u00e9ponses",
			Needs: "droit", Required: "requis", Example: "Exemple", Forms: "Formes", Other: "English",
			Intro: "Les exemples supposent deux variables\u00a0: HOUSE, l'adresse de la maison, et KEY, une cl\u00e9 ou un jeton.", Top: "haut de page",
		}
	}
	return labels{
		Search: "Search an operation", Contents: "Contents", Parameters: "Parameters", Body: "Body", Answers: "Answers",
		Needs: "right", Required: "required", Example: "Example", Forms: "Forms", Other: "Fran\u00e7ais",
		Intro: "The examples take two variables: HOUSE, the address of the house, and KEY, a key or token.", Top: "top",
	}
}

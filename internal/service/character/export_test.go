package character

// CheckName holds a name to the rules that are built in.
func CheckName(name string) error {
	r, err := loadRules(embedded)
	if err != nil {
		return err
	}
	return r.checkName(name)
}

// LoadRules reads rules.
func LoadRules(text string) error {
	_, err := loadRules([]byte(text))
	return err
}

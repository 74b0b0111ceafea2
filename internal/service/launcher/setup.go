package launcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// maxLooked is the maximum number of folder entries that the search for the game
// looks at.
const maxLooked = 5000

// clientNames are the names that the game's program usually has.
func clientNames() []string {
	return []string{"client.exe", "trose.exe", "rose.exe", "rose-next.exe", "rose-offline-client.exe", "rose-offline-client"}
}

// setup is what a double click does: links open the launcher from now on, and a
// page asks for the game if it is not known yet.
func (m *Launcher) setup(ctx context.Context, c *Config) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's place: %w", err)
	}
	done, err := Register(runtime.GOOS, exe, m.Env)
	if err != nil {
		return fmt.Errorf("let the browser open the launcher: %w", err)
	}
	m.logger().Info("registered", "done", done)
	first := ready()
	if e, ok := errors.AsType[*clientError](checkClient(c)); ok {
		problem := ""
		if c.Client != "" {
			problem = e.problem
		}
		first = m.chooseClient(c, problem)
	}
	fmt.Fprintln(m.Stdout, "The next step is shown in your browser.")
	err = m.show(ctx, first)
	if errors.Is(err, errNoBrowser) {
		if e := checkClient(c); e != nil {
			return shown(errors.Join(e, err))
		}
		fmt.Fprintln(m.Stdout, "You can press Play on the website now.")
		return nil
	}
	return shown(err)
}

// ready is the last page of the setup.
func ready() view {
	return view{Title: "The launcher is ready", Text: []string{
		"You can press Play on the website now, and close this page.",
		"Leave the launcher's file where it is. If you move it, open it once more.",
	}}
}

// chooseClient is the page that asks where the game is. problem says why the page
// is shown; it is empty if nothing is wrong.
func (m *Launcher) chooseClient(c *Config, problem string, programs ...string) view {
	v := view{
		Title: "Where is the game?", Folder: true, Programs: programs,
		Buttons: []button{{"use", "Use it"}, {"cancel", "Cancel"}},
		Text:    []string{"Type or paste the folder in which the game is installed. A file manager shows it in its address bar."},
	}
	if problem != "" {
		v.Failed = true
		v.Text = append([]string{sentence(problem)}, v.Text...)
	}
	if len(programs) == 0 {
		v.Programs = nearbyClients()
	}
	if len(v.Programs) > 0 {
		v.Text = append(v.Text, "Or leave it empty and choose one that was found:")
	}
	v.answer = func(_ context.Context, form url.Values) view {
		if form.Get("answer") != "use" {
			err := errors.New("the game's program was not chosen")
			return view{Title: "The game is not set up", err: err, Text: []string{
				"You can close this page. Open the launcher again, or press Play, when you know where the game is.",
			}}
		}
		place := strings.Trim(strings.TrimSpace(form.Get("folder")), `"`)
		if place == "" {
			place = form.Get("program")
		}
		found, err := findClient(place)
		if err != nil {
			return m.chooseClient(c, err.Error())
		}
		if len(found) > 1 {
			return m.chooseClient(c, "there is more than one program that could be the game", found...)
		}
		if c.use(found[0]) {
			return m.chooseClient(c, "the game is a program for Windows, and Wine, which runs such programs here, is not installed; install Wine with this system's software manager, then try again", found...)
		}
		if err := c.Save(); err != nil {
			return failure(err)
		}
		m.logger().Info("the game's program was chosen", "client", c.Client, "runner", c.Runner)
		return ready()
	}
	return v
}

// use sets a program as the client, and returns whether it needs Wine and Wine is
// missing.
func (c *Config) use(program string) (wineMissing bool) {
	c.Client, c.Directory = program, ""
	windows := strings.EqualFold(filepath.Ext(program), ".exe")
	switch {
	case !windows || runtime.GOOS == "windows":
		c.Runner = ""
	case c.Runner == "":
		if _, err := exec.LookPath("wine"); err != nil {
			return true
		}
		c.Runner = "wine"
	}
	return false
}

// findClient returns the game's programs for what a player typed: the program
// itself, or a folder with it. It returns one or more, or an error that is a
// sentence.
func findClient(place string) ([]string, error) {
	if place == "" {
		return nil, errors.New("the folder is missing")
	}
	if !filepath.IsAbs(place) {
		return nil, fmt.Errorf("%s is not a full path: a full path begins with a drive letter on Windows, and with / on other systems", place)
	}
	st, err := os.Stat(place) //nolint:gosec // the player names a file of their own
	if err != nil {
		return nil, fmt.Errorf("there is no %s", place)
	}
	if !st.IsDir() {
		if err := checkProgram(place); err != nil {
			return nil, err
		}
		return []string{filepath.Clean(place)}, nil
	}
	left := maxLooked
	found := clientsIn(place, 2, &left)
	if len(found) == 0 {
		return nil, fmt.Errorf("no game was found in %s; if its program has another name than %s, write the program's name behind the folder", place, clientNames()[0])
	}
	return found, nil
}

// nearbyClients looks in the folders where games are often installed.
func nearbyClients() []string {
	left := maxLooked
	var found []string
	if exe, err := os.Executable(); err == nil {
		found = clientsIn(filepath.Dir(exe), 2, &left)
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, name := range []string{"Games", "games", "Downloads", "Desktop"} {
			found = append(found, clientsIn(filepath.Join(home, name), 2, &left)...)
		}
	}
	for _, name := range []string{"ProgramFiles(x86)", "ProgramFiles"} {
		if dir := os.Getenv(name); runtime.GOOS == "windows" && dir != "" {
			found = append(found, clientsIn(dir, 2, &left)...)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return found[:min(len(found), 10)]
}

// clientsIn returns the programs in a folder with a usual name of the game's
// program, and those in its subfolders down to a depth. left is how many entries it
// may still look at.
func clientsIn(dir string, depth int, left *int) []string {
	f, err := os.Open(dir) //nolint:gosec // the player names a file of their own
	if err != nil {
		return nil
	}
	entries, _ := f.ReadDir(max(1, *left))
	f.Close()
	*left -= len(entries)
	var found, folders []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			folders = append(folders, path)
		case slices.Contains(clientNames(), strings.ToLower(e.Name())) && checkProgram(path) == nil:
			found = append(found, path)
		}
	}
	slices.Sort(folders)
	for _, sub := range folders {
		if depth > 0 && *left > 0 {
			found = append(found, clientsIn(sub, depth-1, left)...)
		}
	}
	slices.Sort(found)
	return found
}

// checkProgram reports whether a file can be the game's program.
func checkProgram(path string) error {
	st, err := os.Stat(path) //nolint:gosec // the player names a file of their own
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the file %s does not exist", path)
	case err != nil:
		return fmt.Errorf("look at the game client: %w", err)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s is not a program", path)
	case strings.HasPrefix(filepath.Base(path), "waystone-launcher"):
		return fmt.Errorf("%s is the launcher, not the game", path)
	}
	if runtime.GOOS == "windows" || strings.EqualFold(filepath.Ext(path), ".exe") {
		f, err := os.Open(path) //nolint:gosec // the player names a file of their own
		if err != nil {
			return fmt.Errorf("look at the game client: %w", err)
		}
		defer f.Close()
		begin := make([]byte, 2)
		if _, err := io.ReadFull(f, begin); err != nil || string(begin) != "MZ" {
			return fmt.Errorf("%s is not a program for Windows", path)
		}
		return nil
	}
	if st.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("%s is not a program: it may not be executed", path)
	}
	return nil
}

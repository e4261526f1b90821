// Renders templates as Argo CD does, with the modules that it uses: JSON cases in, JSON answers out.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/gosimple/slug"
	"github.com/jeremywohl/flatten"
	"github.com/valyala/fasttemplate"
	"sigs.k8s.io/yaml"
)

type question struct {
	Engine   string   `json:"engine"`
	Template string   `json:"template"`
	Params   any      `json:"params"`
	Options  []string `json:"options"`
}

type answer struct {
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
}

var invalid = regexp.MustCompile("[^-a-z0-9.]")
var tagged = regexp.MustCompile(".*{{.*}}.*")

func normalize(name string) string {
	name = invalid.ReplaceAllString(strings.ToLower(name), "-")
	if len(name) > 253 {
		name = name[:253]
	}
	return strings.Trim(name, "-.")
}

func slugify(arguments ...any) string {
	size, smart, name := 50, true, ""
	for place, one := range arguments {
		switch place {
		case len(arguments) - 1:
			name = one.(string)
		case 0:
			size = one.(int)
		case 1:
			smart = one.(bool)
		}
	}
	slug.EnableSmartTruncate, slug.MaxLength = smart, size
	return slug.Make(normalize(name))
}

func functions() template.FuncMap {
	known := sprig.GenericFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(known, name)
	}
	known["normalize"] = normalize
	known["slugify"] = slugify
	known["toYaml"] = func(value any) (string, error) {
		data, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(data), "\n"), err
	}
	known["fromYaml"] = func(text string) (map[string]any, error) {
		found := map[string]any{}
		return found, yaml.Unmarshal([]byte(text), &found)
	}
	known["fromYamlArray"] = func(text string) ([]any, error) {
		found := []any{}
		err := yaml.Unmarshal([]byte(text), &found)
		return found, err
	}
	return known
}

// typed turns {"$strings": {…}} into a map[string]string and {"$list": […]} into a []string.
func typed(value any) any {
	switch one := value.(type) {
	case map[string]any:
		if marked, ok := one["$strings"].(map[string]any); ok {
			found := map[string]string{}
			for key, text := range marked {
				found[key] = text.(string)
			}
			return found
		}
		if marked, ok := one["$list"].([]any); ok {
			found := []string{}
			for _, text := range marked {
				found = append(found, text.(string))
			}
			return found
		}
		for key := range one {
			one[key] = typed(one[key])
		}
	case []any:
		for place := range one {
			one[place] = typed(one[place])
		}
	}
	return value
}

func rendered(asked question) (output string, err error) {
	defer func() {
		if found := recover(); found != nil {
			err = fmt.Errorf("%v", found)
		}
	}()
	params := typed(asked.Params)
	switch asked.Engine {
	case "fast":
		return fast(asked.Template, params.(map[string]any))
	case "match":
		matched, err := path.Match(asked.Template, params.(string))
		return fmt.Sprint(matched), err
	case "flatten":
		found, err := flatten.Flatten(params.(map[string]any), "", flatten.DotStyle)
		texts := map[string]string{}
		for key, value := range found {
			texts[key] = fmt.Sprintf("%v", value)
		}
		data, _ := json.Marshal(texts)
		return string(data), err
	}
	parsed, err := template.New("base").Funcs(functions()).Option(asked.Options...).Parse(asked.Template)
	if err != nil {
		return "", err
	}
	var buffer bytes.Buffer
	err = parsed.Execute(&buffer, params)
	return buffer.String(), err
}

func fast(text string, params map[string]any) (string, error) {
	if !tagged.MatchString(text) {
		return text, nil
	}
	parsed, err := fasttemplate.NewTemplate(text, "{{", "}}")
	if err != nil {
		return "", err
	}
	return parsed.ExecuteFuncString(func(w io.Writer, tag string) (int, error) {
		name := strings.TrimSpace(tag)
		value, ok := params[name].(string)
		if name == "" || !ok {
			return fmt.Fprintf(w, "{{%s}}", tag)
		}
		return w.Write([]byte(value))
	}), nil
}

func main() {
	var asked []question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	answers := make([]answer, len(asked))
	for place, one := range asked {
		output, err := rendered(one)
		if err != nil {
			answers[place] = answer{Error: err.Error()}
			continue
		}
		answers[place] = answer{Output: output}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answers); err != nil {
		panic(err)
	}
}

package realworld

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTenonHost has a host that has nothing of go-plugin's API, and what it makes of
// the two libraries on the other side.
func TestTenonHost(t *testing.T) {
	host, err := filepath.Abs("bin/terraform-schema")
	if err != nil {
		t.Fatal(err)
	}
	if err := goCommand("../../examples/terraform-schema", "build", "-o", host, "."); err != nil {
		t.Fatal(err)
	}
	for _, l := range libraries {
		for p, want := range map[program]string{
			"terraform-provider-time":   "time (protocol 5)\n",
			"terraform-provider-garden": "garden (protocol 6)\n",
			"terraform-provider-local":  "local (protocol 5)\n",
		} {
			t.Run(string(p)+" with "+string(l), func(t *testing.T) {
				u := use{t: t, host: host, plugin: build(t, p, l), dir: t.TempDir()}
				if out := u.run(0, u.plugin); !strings.HasPrefix(out, want) {
					t.Errorf("it does not begin with %q:\n%s", want, out)
				}
			})
		}
	}
}

// TestLocalOverNetRPC has the provider make a file, and delete it.
func TestLocalOverNetRPC(t *testing.T) {
	pairs(t, "terraform-sdk-host", "terraform-provider-local", func(u use) {
		u.equal(u.run(0, u.plugin, filepath.Join(u.dir, "file")), `version 4 protocol netrpc
resource local_file
without a name: ["filename": required field is not set]
planned content directory_permission file_permission filename
created "planted\n" <nil>
found 205ab0693b9ecad6e50747de626fec7f641f652d true
deleted true <nil> true
`)
	})
}

// TestLocalOverGRPC has the same program speak the other protocol.
func TestLocalOverGRPC(t *testing.T) {
	pairs(t, "terraform-sdk-host", "terraform-provider-local", func(u use) {
		u.equal(u.run(0, "--grpc", u.plugin), `version 5 protocol grpc
resource local_file attributes 7
`)
	})
}

// TestTofuLocal has OpenTofu run what was built years before it.
func TestTofuLocal(t *testing.T) {
	pairs(t, "opentofu", "terraform-provider-local", func(u use) {
		u.tofu("hashicorp/local", `
resource "local_file" "it" {
  filename = "${path.module}/file"
  content  = "planted"
}
data "local_file" "it" {
  filename = local_file.it.filename
}
output "content" { value = data.local_file.it.content }
`)
		u.apply("Apply complete! Resources: 1 added, 0 changed, 0 destroyed.", `{"content":"planted"}`)
		u.apply("Apply complete! Resources: 0 added, 0 changed, 0 destroyed.", `{"content":"planted"}`)
		u.destroy("Destroy complete! Resources: 1 destroyed.")
	})
}

const (
	timeConfig = `
resource "time_offset" "later" {
  base_rfc3339 = "2020-02-12T06:36:13Z"
  offset_days  = 7
}
resource "time_sleep" "nap" {
  create_duration = "200ms"
  triggers        = { after = time_offset.later.id }
}
output "later" { value = time_offset.later.rfc3339 }
output "minutes" { value = provider::time::duration_parse("1h30m").minutes }
`
	timeOutput = `{"later":"2020-02-19T06:36:13Z","minutes":90}`
)

// TestTofuTime has a provider of protocol 5, with functions.
func TestTofuTime(t *testing.T) {
	pairs(t, "opentofu", "terraform-provider-time", func(u use) {
		u.tofu("hashicorp/time", timeConfig)
		u.apply("Apply complete! Resources: 2 added, 0 changed, 0 destroyed.", timeOutput)
		u.destroy("Destroy complete! Resources: 2 destroyed.")
	})
}

// TestTofuGarden has a provider of protocol 6, on terraform-plugin-framework.
func TestTofuGarden(t *testing.T) {
	pairs(t, "opentofu", "terraform-provider-garden", func(u use) {
		u.tofu("tenon-go/garden", "")
		var schemas struct {
			Of map[string]struct {
				Resources map[string]any `json:"resource_schemas"`
				Data      map[string]any `json:"data_source_schemas"`
				Functions map[string]any
			} `json:"provider_schemas"`
		}
		if err := json.Unmarshal([]byte(u.run(0, "providers", "schema", "-json")), &schemas); err != nil {
			u.t.Fatal(err)
		}
		garden := schemas.Of["registry.opentofu.org/tenon-go/garden"]
		u.equal(fmt.Sprint(names(garden.Resources), names(garden.Data), names(garden.Functions)), "[garden_plant garden_tool] [garden_weather] [bloom compost]")
	})
}

// TestTofuCrash has a provider that panics: what it prints then is in OpenTofu's log.
func TestTofuCrash(t *testing.T) {
	pairs(t, "opentofu", "terraform-provider-garden", func(u use) {
		u.crashes = true
		u.tofu("tenon-go/garden", `output "it" { value = provider::garden::compost() }`)
		u.env = append(u.env, "TF_LOG=error", "TF_LOG_PATH=log")
		u.run(1, "apply", "-auto-approve", "-no-color")
		log, err := os.ReadFile(filepath.Join(u.dir, "log"))
		if err != nil {
			u.t.Fatal(err)
		}
		for _, part := range []string{
			"[ERROR] provider.terraform-provider-garden: panic: runtime error: invalid memory address",
			"[ERROR] provider.terraform-provider-garden: goroutine ",
			`[ERROR] provider: plugin process exited: plugin=` + u.plugin, `error="exit status 2"`,
		} {
			if !strings.Contains(string(log), part) {
				u.t.Errorf("%q is not in the log:\n%s", part, log)
			}
		}
	})
}

// TestTofuReattach has a provider that somebody has started, and that is there when
// OpenTofu has done with it: a provider under a debugger.
func TestTofuReattach(t *testing.T) {
	pairs(t, "opentofu", "terraform-provider-time", func(u use) {
		temp := t.TempDir()
		cmd := exec.Command(u.plugin, "-debug")
		cmd.Env = append(os.Environ(), "TMPDIR="+temp)
		out, err := cmd.StdoutPipe()
		if err != nil {
			u.t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			u.t.Fatal(err)
		}
		defer cmd.Process.Kill()
		u.tofu("registry.terraform.io/hashicorp/time", timeConfig)
		u.env = append(u.env, reattach(u.t, out))
		u.stays = true
		u.apply("Apply complete! Resources: 2 added, 0 changed, 0 destroyed.", timeOutput)
		u.destroy("Destroy complete! Resources: 2 destroyed.")
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			u.t.Error(err)
		}
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			u.t.Error(err)
		}
		u.stays = false
		u.leftovers(temp)
	})
}

// reattach returns the setting that a provider prints.
func reattach(t *testing.T, out io.Reader) string {
	t.Helper()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); strings.HasPrefix(line, "TF_REATTACH_PROVIDERS=") {
			return strings.ReplaceAll(line, "'", "")
		}
	}
	t.Fatal("the provider does not say how it is reached")
	return ""
}

func names(of map[string]any) (list []string) {
	for name := range of {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// tofu has OpenTofu take the provider from where it was built, and gives it something
// to do.
func (u *use) tofu(source, config string) {
	u.t.Helper()
	name := filepath.Base(source)
	u.write("main.tf", fmt.Sprintf("terraform {\n  required_providers {\n    %s = { source = %q }\n  }\n}\n%s", name, source, config))
	u.write("tofu.rc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n}\n", source, filepath.Dir(u.plugin)))
	u.env = []string{"TF_CLI_CONFIG_FILE=" + filepath.Join(u.dir, "tofu.rc")}
}

// apply tests what OpenTofu says, and the values of its outputs.
func (u use) apply(says, want string) {
	u.t.Helper()
	if out := u.run(0, "apply", "-auto-approve", "-no-color"); !strings.Contains(out, says) {
		u.t.Errorf("it does not say %q but\n%s", says, out)
	}
	var outputs map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(u.run(0, "output", "-json")), &outputs); err != nil {
		u.t.Fatal(err)
	}
	values := map[string]any{}
	for name, o := range outputs {
		values[name] = o.Value
	}
	got, err := json.Marshal(values)
	if err != nil {
		u.t.Fatal(err)
	}
	u.equal(string(got), want)
}

func (u use) destroy(says string) {
	u.t.Helper()
	if out := u.run(0, "destroy", "-auto-approve", "-no-color"); !strings.Contains(out, says) {
		u.t.Errorf("it does not say %q but\n%s", says, out)
	}
}

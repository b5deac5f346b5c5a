package process
import "testing"
func BenchmarkOOM(b *testing.B){ for b.Loop(){countOOMKills()} }
func BenchmarkGuard(b *testing.B){ for b.Loop(){g,_:=newGuard(); g.aim(1<<21); g.close()} }

// Package big has many methods, arguments and fields: numbers that take more
// than one byte.
package big

import "context"

// Big returns what it is given.
//
//tenon:contract
type Big interface {
	Method1(ctx context.Context, v int) (int, error)
	Method2(ctx context.Context, v int) (int, error)
	Method3(ctx context.Context, v int) (int, error)
	Method4(ctx context.Context, v int) (int, error)
	Method5(ctx context.Context, v int) (int, error)
	Method6(ctx context.Context, v int) (int, error)
	Method7(ctx context.Context, v int) (int, error)
	Method8(ctx context.Context, v int) (int, error)
	Method9(ctx context.Context, v int) (int, error)
	Method10(ctx context.Context, v int) (int, error)
	Method11(ctx context.Context, v int) (int, error)
	Method12(ctx context.Context, v int) (int, error)
	Method13(ctx context.Context, v int) (int, error)
	Method14(ctx context.Context, v int) (int, error)
	Method15(ctx context.Context, v int) (int, error)
	Method16(ctx context.Context, v int) (int, error)
	Method17(ctx context.Context, v int) (int, error)
	Method18(ctx context.Context, v int) (int, error)
	Method19(ctx context.Context, v int) (int, error)
	Method20(ctx context.Context, v int) (int, error)
	Method21(ctx context.Context, v int) (int, error)
	Method22(ctx context.Context, v int) (int, error)
	Method23(ctx context.Context, v int) (int, error)
	Method24(ctx context.Context, v int) (int, error)
	Method25(ctx context.Context, v int) (int, error)
	Method26(ctx context.Context, v int) (int, error)
	Method27(ctx context.Context, v int) (int, error)
	Method28(ctx context.Context, v int) (int, error)
	Method29(ctx context.Context, v int) (int, error)
	Method30(ctx context.Context, v int) (int, error)
	Method31(ctx context.Context, v int) (int, error)
	Method32(ctx context.Context, v int) (int, error)
	Method33(ctx context.Context, v int) (int, error)
	Method34(ctx context.Context, v int) (int, error)
	Method35(ctx context.Context, v int) (int, error)
	Method36(ctx context.Context, v int) (int, error)
	Method37(ctx context.Context, v int) (int, error)
	Method38(ctx context.Context, v int) (int, error)
	Method39(ctx context.Context, v int) (int, error)
	Method40(ctx context.Context, v int) (int, error)
	Method41(ctx context.Context, v int) (int, error)
	Method42(ctx context.Context, v int) (int, error)
	Method43(ctx context.Context, v int) (int, error)
	Method44(ctx context.Context, v int) (int, error)
	Method45(ctx context.Context, v int) (int, error)
	Method46(ctx context.Context, v int) (int, error)
	Method47(ctx context.Context, v int) (int, error)
	Method48(ctx context.Context, v int) (int, error)
	Method49(ctx context.Context, v int) (int, error)
	Method50(ctx context.Context, v int) (int, error)
	Method51(ctx context.Context, v int) (int, error)
	Method52(ctx context.Context, v int) (int, error)
	Method53(ctx context.Context, v int) (int, error)
	Method54(ctx context.Context, v int) (int, error)
	Method55(ctx context.Context, v int) (int, error)
	Method56(ctx context.Context, v int) (int, error)
	Method57(ctx context.Context, v int) (int, error)
	Method58(ctx context.Context, v int) (int, error)
	Method59(ctx context.Context, v int) (int, error)
	Method60(ctx context.Context, v int) (int, error)
	Method61(ctx context.Context, v int) (int, error)
	Method62(ctx context.Context, v int) (int, error)
	Method63(ctx context.Context, v int) (int, error)
	Method64(ctx context.Context, v int) (int, error)
	Method65(ctx context.Context, v int) (int, error)
	Method66(ctx context.Context, v int) (int, error)
	Method67(ctx context.Context, v int) (int, error)
	Method68(ctx context.Context, v int) (int, error)
	Method69(ctx context.Context, v int) (int, error)
	Method70(ctx context.Context, v int) (int, error)
	Arguments(ctx context.Context, a1 int, a2 int, a3 int, a4 int, a5 int, a6 int, a7 int, a8 int, a9 int, a10 int, a11 int, a12 int, a13 int, a14 int, a15 int, a16 int, a17 int, a18 int, a19 int, a20 int, a21 int, a22 int, a23 int, a24 int, a25 int, a26 int, a27 int, a28 int, a29 int, a30 int) (int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, error)
	Wide(ctx context.Context, v Wide) (Wide, error)
	Far(ctx context.Context, v Far) (Far, error)
}

// Wide has many fields.
type Wide struct {
	Field1   string
	Field2   bool
	Field3   []int32
	Field4   *string
	Field5   map[string]int
	Field6   float64
	Field7   []string
	Field8   *Wide
	Field9   []byte
	Field10  int
	Field11  string
	Field12  bool
	Field13  []int32
	Field14  *string
	Field15  map[string]int
	Field16  float64
	Field17  []string
	Field18  *Wide
	Field19  []byte
	Field20  int
	Field21  string
	Field22  bool
	Field23  []int32
	Field24  *string
	Field25  map[string]int
	Field26  float64
	Field27  []string
	Field28  *Wide
	Field29  []byte
	Field30  int
	Field31  string
	Field32  bool
	Field33  []int32
	Field34  *string
	Field35  map[string]int
	Field36  float64
	Field37  []string
	Field38  *Wide
	Field39  []byte
	Field40  int
	Field41  string
	Field42  bool
	Field43  []int32
	Field44  *string
	Field45  map[string]int
	Field46  float64
	Field47  []string
	Field48  *Wide
	Field49  []byte
	Field50  int
	Field51  string
	Field52  bool
	Field53  []int32
	Field54  *string
	Field55  map[string]int
	Field56  float64
	Field57  []string
	Field58  *Wide
	Field59  []byte
	Field60  int
	Field61  string
	Field62  bool
	Field63  []int32
	Field64  *string
	Field65  map[string]int
	Field66  float64
	Field67  []string
	Field68  *Wide
	Field69  []byte
	Field70  int
	Field71  string
	Field72  bool
	Field73  []int32
	Field74  *string
	Field75  map[string]int
	Field76  float64
	Field77  []string
	Field78  *Wide
	Field79  []byte
	Field80  int
	Field81  string
	Field82  bool
	Field83  []int32
	Field84  *string
	Field85  map[string]int
	Field86  float64
	Field87  []string
	Field88  *Wide
	Field89  []byte
	Field90  int
	Field91  string
	Field92  bool
	Field93  []int32
	Field94  *string
	Field95  map[string]int
	Field96  float64
	Field97  []string
	Field98  *Wide
	Field99  []byte
	Field100 int
	Field101 string
	Field102 bool
	Field103 []int32
	Field104 *string
	Field105 map[string]int
	Field106 float64
	Field107 []string
	Field108 *Wide
	Field109 []byte
	Field110 int
	Field111 string
	Field112 bool
	Field113 []int32
	Field114 *string
	Field115 map[string]int
	Field116 float64
	Field117 []string
	Field118 *Wide
	Field119 []byte
	Field120 int
	Field121 string
	Field122 bool
	Field123 []int32
	Field124 *string
	Field125 map[string]int
	Field126 float64
	Field127 []string
	Field128 *Wide
	Field129 []byte
	Field130 int
	Field131 string
	Field132 bool
	Field133 []int32
	Field134 *string
	Field135 map[string]int
	Field136 float64
	Field137 []string
	Field138 *Wide
	Field139 []byte
	Field140 int
	Field141 string
	Field142 bool
	Field143 []int32
	Field144 *string
	Field145 map[string]int
	Field146 float64
	Field147 []string
	Field148 *Wide
	Field149 []byte
	Field150 int
	Field151 string
	Field152 bool
	Field153 []int32
	Field154 *string
	Field155 map[string]int
	Field156 float64
	Field157 []string
	Field158 *Wide
	Field159 []byte
	Field160 int
	Field161 string
	Field162 bool
	Field163 []int32
	Field164 *string
	Field165 map[string]int
	Field166 float64
	Field167 []string
	Field168 *Wide
	Field169 []byte
	Field170 int
	Field171 string
	Field172 bool
	Field173 []int32
	Field174 *string
	Field175 map[string]int
	Field176 float64
	Field177 []string
	Field178 *Wide
	Field179 []byte
	Field180 int
	Field181 string
	Field182 bool
	Field183 []int32
	Field184 *string
	Field185 map[string]int
	Field186 float64
	Field187 []string
	Field188 *Wide
	Field189 []byte
	Field190 int
	Field191 string
	Field192 bool
	Field193 []int32
	Field194 *string
	Field195 map[string]int
	Field196 float64
	Field197 []string
	Field198 *Wide
	Field199 []byte
	Field200 int
}

// Far has fields with large numbers.
type Far struct {
	Field0 int          `tenon:"number=15"`
	Field1 int          `tenon:"number=16"`
	Field2 string       `tenon:"number=2047"`
	Field3 string       `tenon:"number=2048"`
	Field4 []int        `tenon:"number=262143"`
	Field5 []int        `tenon:"number=262144"`
	Field6 *Far         `tenon:"number=33554431"`
	Field7 map[int]bool `tenon:"number=33554432"`
	Field8 []string     `tenon:"number=536870910"`
	Field9 bool         `tenon:"number=536870911"`
}

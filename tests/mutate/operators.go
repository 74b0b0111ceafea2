package main

import (
	"go/ast"
	"go/token"
	"strconv"
)

// swapped returns what an operator is mistaken for.
func swapped(op token.Token) (string, bool) {
	to, ok := map[token.Token]string{
		token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
		token.EQL: "!=", token.NEQ: "==", token.LAND: "||", token.LOR: "&&",
		token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*",
	}[op]
	return to, ok
}

// unjudged are calls whose loss no test should have to notice: they log, or
// hold a lock that another test tool (the race detector) watches over.
func unjudged(name string) bool {
	switch name {
	case "Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "Print", "Println", "Printf", "Fprintln", "Fprintf",
		"Lock", "Unlock", "RLock", "RUnlock", "Done", "Stop", "panic":
		return true
	}
	return false
}

// visit notes the mistakes that can be made in a node.
func (c *collector) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if to, ok := swapped(n.Op); ok && !isText(n.X) && !isText(n.Y) {
			c.add("operator", n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to, c.text(n), c.text(n.X)+" "+to+" "+c.text(n.Y))
		}
	case *ast.IfStmt:
		if n.Else == nil && leaves(n.Body) {
			c.replace("check dropped", n.Cond, "false && ("+c.text(n.Cond)+")")
		}
	case *ast.ReturnStmt:
		if len(n.Results) == 0 {
			break
		}
		if last, ok := n.Results[len(n.Results)-1].(*ast.Ident); ok && last.Name == "err" {
			c.add("error swallowed", last.Pos(), last.End(), "nil", c.text(n), c.text(n)+" as nil")
		}
	case *ast.BlockStmt:
		c.statements(n.List)
	case *ast.CaseClause:
		c.statements(n.Body)
	case *ast.CommClause:
		c.statements(n.Body)
	case *ast.IncDecStmt:
		to := "--"
		if n.Tok == token.DEC {
			to = "++"
		}
		c.replace("step", n, c.text(n.X)+to)
	case *ast.BasicLit:
		if v, err := strconv.ParseInt(n.Value, 0, 64); n.Kind == token.INT && err == nil && v > 1 {
			c.replace("number", n, strconv.FormatInt(v+1, 10))
		}
	}
	return true
}

// statements notes which of them can be left out.
func (c *collector) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); ok && !unjudged(called(call)) {
				c.add("left out", s.Pos(), s.End(), "", c.text(s), "nothing")
			}
		case *ast.AssignStmt:
			if s.Tok != token.ASSIGN || len(s.Lhs) != 1 {
				continue
			}
			switch s.Lhs[0].(type) {
			case *ast.SelectorExpr, *ast.IndexExpr:
				c.add("left out", s.Pos(), s.End(), "", c.text(s), "nothing")
			}
		}
	}
}

// called is the last name of what is called.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// leaves reports whether a block ends by leaving its surroundings.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

func isText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

//! From a checked expression to nodes.

use super::op::{Comparison, Kind, On, Op, Space};
use super::{Graph, NodeId, kind_of};
use crate::evaluate::error::EvaluateError;
use crate::evaluate::kernel::time::instant;
use crate::model::{Type, Value};
use crate::policy::compiled::ValueKind;
use crate::policy::expression::builtin::compute::Arithmetic;
use crate::policy::expression::builtin::{Builtin, Compute, Kernel};
use crate::policy::expression::tree::{Binary, Node as Tree, NodeKind, Reference, Unary};

impl Graph<'_> {
    pub(super) fn tree(&mut self, tree: &Tree, event: Option<usize>) -> Result<NodeId, EvaluateError> {
        match &tree.kind {
            NodeKind::Literal(value) => Ok(self.literal(value)),
            NodeKind::Name(reference) => self.reference(reference, &tree.ty, event),
            NodeKind::Unary(operator, operand) => {
                let operand = self.tree(operand, event)?;
                Ok(match operator {
                    Unary::Not => self.apply(Op::Not, &[operand], Kind::Flag),
                    Unary::Negate => {
                        let zero = self.number(-0.0);
                        self.apply(
                            Op::Arithmetic(Arithmetic::Plain, Binary::Subtract),
                            &[zero, operand],
                            Kind::Number,
                        )
                    }
                })
            }
            NodeKind::Binary(operator, left, right) => self.binary(tree, *operator, [left, right], event),
            NodeKind::In(needle, list) => self.membership(needle, list, event),
            NodeKind::If(condition, then, otherwise) => {
                let condition = self.tree(condition, event)?;
                let then = self.guarded(then, event, |_| condition)?;
                let otherwise = self.guarded(otherwise, event, |graph| graph.not(condition))?;
                let operands = [condition, then, otherwise];
                Ok(self.apply(Op::Choose, &operands, kind_of(&tree.ty)))
            }
            NodeKind::Coalesce(first, second) => {
                let first = self.tree(first, event)?;
                let operands = [first, self.guarded(second, event, |graph| graph.missing(first))?];
                Ok(self.apply(Op::Coalesce, &operands, kind_of(&tree.ty)))
            }
            NodeKind::Call(builtin, arguments) => self.call(builtin, arguments, event),
            NodeKind::Script(function, arguments) => self.script(function, arguments, event),
            NodeKind::AtLeast(value, level) => {
                let (class, decision) = self.class(*value)?;
                Ok(self.apply(Op::AtLeast(class, *level), &[decision], Kind::Flag))
            }
            NodeKind::Since(value) => {
                let (class, decision) = self.class(*value)?;
                Ok(self.apply(Op::PlaceSince(class), &[decision], Kind::Number))
            }
            NodeKind::Expiring(value, days) => self.expiring(*value, days, event),
            NodeKind::Previous(value) => {
                let (class, decision) = self.class(*value)?;
                Ok(self.apply(Op::PlaceBefore(class), &[decision], kind_of(&tree.ty)))
            }
        }
    }

    fn literal(&mut self, value: &Value) -> NodeId {
        match value {
            Value::Number(number) => self.number(*number),
            Value::Text(text) => self.word(text),
            Value::Bool(flag) => self.flag(*flag),
            Value::Date(day) => self.number(f64::from(day.0)),
            Value::Time(at) => self.number(instant(*at)),
        }
    }

    fn reference(
        &mut self,
        reference: &Reference,
        ty: &Type,
        event: Option<usize>,
    ) -> Result<NodeId, EvaluateError> {
        let over_event = |op, kind, graph: &mut Self| match event {
            Some(event) => Ok(graph.node(op, Vec::new(), Space::Event(event), kind)),
            None => Err(graph.misplaced("an event")),
        };
        match reference {
            Reference::Id => Ok(self.node(Op::Id, Vec::new(), Space::Customer, Kind::Code)),
            Reference::KnownSince => Ok(self.node(Op::KnownSince, Vec::new(), Space::Customer, Kind::Number)),
            Reference::Customer(field) => {
                let Some(shape) = self.policy.schema.customer.get(*field) else {
                    return Err(self.misplaced("a customer field"));
                };
                let kind = kind_of(&shape.ty);
                Ok(self.node(Op::CustomerField(*field), Vec::new(), Space::Customer, kind))
            }
            Reference::Value(value) => self.value(*value),
            Reference::Data(value, key) => {
                let (class, decision) = self.class(*value)?;
                Ok(self.apply(Op::PlaceData(class, key.clone()), &[decision], kind_of(ty)))
            }
            Reference::EventAt => over_event(Op::EventAt, Kind::Number, self),
            Reference::Event(field) => {
                let kind = event
                    .and_then(|event| self.policy.schema.events.get(event)?.fields.get(*field))
                    .map(|shape| kind_of(&shape.ty));
                match kind {
                    Some(kind) => over_event(Op::EventField(*field), kind, self),
                    None => Err(self.misplaced("an event's field")),
                }
            }
            Reference::EventId => over_event(Op::EventId, Kind::Code, self),
            Reference::Raw(_) => Err(self.misplaced("a column of a file")),
        }
    }

    /// The node of a value by index.
    pub(in crate::evaluate) fn value(&mut self, value: usize) -> Result<NodeId, EvaluateError> {
        if let Some(&Some(id)) = self.values.get(value) {
            return Ok(id);
        }
        let policy = self.policy;
        let Some(definition) = policy.values.get(value) else {
            return Err(self.misplaced("a value the policy lacks"));
        };
        let id = match &definition.kind {
            ValueKind::Metric(metric) => self.metric(metric, kind_of(&definition.ty))?,
            ValueKind::Ledger(ledger) => self.ledger(ledger)?,
            ValueKind::Score(expression) => self.expression(expression, None)?,
            ValueKind::Rank(rank) => self.rank(value, rank)?,
            ValueKind::Segment(_) | ValueKind::Tier(_) | ValueKind::Quadrant(_) => {
                let (class, decision) = self.class(value)?;
                self.node(Op::Place(class), vec![decision], Space::Customer, kind_of(&definition.ty))
            }
        };
        if let Some(place) = self.values.get_mut(value) {
            *place = Some(id);
        }
        Ok(id)
    }

    fn binary(
        &mut self,
        tree: &Tree,
        operator: Binary,
        [left, right]: [&Tree; 2],
        event: Option<usize>,
    ) -> Result<NodeId, EvaluateError> {
        let left_node = self.tree(left, event)?;
        let right_node = match operator {
            Binary::And => self.guarded(right, event, |_| left_node)?,
            Binary::Or => self.guarded(right, event, |graph| graph.not(left_node))?,
            _ => self.tree(right, event)?,
        };
        let operands = [left_node, right_node];
        let comparison = match operator {
            Binary::And => return Ok(self.apply(Op::And, &operands, Kind::Flag)),
            Binary::Or => return Ok(self.apply(Op::Or, &operands, Kind::Flag)),
            Binary::Equal => Comparison::Equal,
            Binary::NotEqual => Comparison::NotEqual,
            Binary::Less => Comparison::Less,
            Binary::LessOrEqual => Comparison::LessOrEqual,
            Binary::Greater => Comparison::Greater,
            Binary::GreaterOrEqual => Comparison::GreaterOrEqual,
            Binary::Add if tree.ty == Type::Text => {
                return Ok(self.apply(Op::Concatenate, &operands, Kind::Code));
            }
            Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::Remainder
            | Binary::Power => {
                let arithmetic = Arithmetic::of(&left.ty, &right.ty, &tree.ty);
                return Ok(self.apply(Op::Arithmetic(arithmetic, operator), &operands, Kind::Number));
            }
        };
        self.compare(comparison, operands)
    }

    fn compare(&mut self, comparison: Comparison, operands: [NodeId; 2]) -> Result<NodeId, EvaluateError> {
        let [left, right] = operands;
        let op = match (self.kind(left), self.kind(right), comparison) {
            (Kind::Number, Kind::Number, _) => Op::Compare(comparison),
            (Kind::Code, Kind::Code, Comparison::Equal) => Op::Differ(false),
            (Kind::Code, Kind::Code, Comparison::NotEqual) => Op::Differ(true),
            (Kind::Code, Kind::Code, _) => Op::CompareText(comparison),
            (Kind::Flag, Kind::Flag, Comparison::Equal) => Op::FlagsDiffer(false),
            (Kind::Flag, Kind::Flag, Comparison::NotEqual) => Op::FlagsDiffer(true),
            _ => return Err(self.unchecked("a comparison of different kinds")),
        };
        Ok(self.apply(op, &operands, Kind::Flag))
    }

    fn membership(
        &mut self,
        needle: &Tree,
        list: &[Tree],
        event: Option<usize>,
    ) -> Result<NodeId, EvaluateError> {
        let needle = self.tree(needle, event)?;
        let mut any = None;
        for item in list {
            let item = self.tree(item, event)?;
            let equal = self.compare(Comparison::Equal, [needle, item])?;
            any = Some(match any {
                None => equal,
                Some(before) => self.apply(Op::Or, &[before, equal], Kind::Flag),
            });
        }
        Ok(any.unwrap_or_else(|| self.flag(false)))
    }

    fn call(
        &mut self,
        builtin: Builtin,
        arguments: &[Tree],
        event: Option<usize>,
    ) -> Result<NodeId, EvaluateError> {
        if let Compute::PerCustomer(_) = builtin.compute {
            return self.per_customer(builtin, arguments);
        }
        let mut operands = Vec::with_capacity(arguments.len());
        for argument in arguments {
            operands.push(self.tree(argument, event)?);
        }
        let on = match arguments.first().map(|argument| &argument.ty) {
            Some(Type::Date) => On::Date,
            Some(Type::Time) => On::Time,
            _ => On::Number,
        };
        Ok(match (builtin.compute, builtin.kernel) {
            (Compute::Moment(_), _) => self.node(Op::Moment(builtin), operands, Space::Run, Kind::Number),
            (Compute::Known(wanted), _) => {
                let known = self.apply(Op::Known, &operands, Kind::Flag);
                if wanted { known } else { self.not(known) }
            }
            (Compute::CountKnown, _) => self.apply(Op::CountKnown, &operands, Kind::Number),
            (Compute::TextToText(_), _) => self.apply(Op::Text(builtin), &operands, Kind::Code),
            (Compute::TextToNumber(_), _) => self.apply(Op::TextNumber(builtin), &operands, Kind::Number),
            (Compute::Texts(_), _) => self.apply(Op::TextTest(builtin), &operands, Kind::Flag),
            (_, Some(Kernel::Least)) => return self.fold(&Op::Least, &operands),
            (_, Some(Kernel::Greatest)) => return self.fold(&Op::Greatest, &operands),
            (_, Some(Kernel::Power)) => {
                self.apply(Op::Arithmetic(Arithmetic::Plain, Binary::Power), &operands, Kind::Number)
            }
            _ if operands.len() > 1 => self.apply(Op::FunctionOfSeveral(builtin), &operands, Kind::Number),
            _ => self.apply(Op::Function(builtin, on), &operands, Kind::Number),
        })
    }

    fn fold(&mut self, op: &Op, operands: &[NodeId]) -> Result<NodeId, EvaluateError> {
        let Some((&first, rest)) = operands.split_first() else {
            return Err(self.unchecked("a function of nothing"));
        };
        Ok(rest.iter().fold(first, |before, &next| self.apply(op.clone(), &[before, next], Kind::Number)))
    }

    fn per_customer(&mut self, builtin: Builtin, arguments: &[Tree]) -> Result<NodeId, EvaluateError> {
        match arguments {
            [Tree { kind: NodeKind::Literal(Value::Text(salt)), .. }] => {
                let salt = self.word_index(salt);
                Ok(self.node(Op::PerCustomer(builtin, salt), Vec::new(), Space::Customer, Kind::Number))
            }
            _ => Err(self.unchecked("a salt is not a literal")),
        }
    }
}
